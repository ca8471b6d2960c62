import type { SessionRecord } from '../../../core/store.ts'
import type { CallNumber, Page } from './messages.ts'

type Records = AsyncIterable<SessionRecord> | Iterable<SessionRecord>

/** Lists that are being read, a page at a time: nothing is read ahead of who asks for it but the rest of a page. */
export class OpenLists {
  readonly #iterators = new Map<CallNumber, AsyncIterator<SessionRecord> | Iterator<SessionRecord>>()

  begin(list: CallNumber, records: Records): Promise<Page> {
    const iterator = Symbol.asyncIterator in records ? records[Symbol.asyncIterator]() : records[Symbol.iterator]()
    this.#iterators.set(list, iterator)
    return this.nextPage(list)
  }

  /** As many as come within `PAGE_TIME`, up to `PAGE_LENGTH`, or until there are more than `PAGE_BYTES` of data. */
  async nextPage(list: CallNumber): Promise<Page> {
    const iterator = this.#iterators.get(list)
    if (!iterator) throw new Error('fileStore: this list ended with the thread that was reading it')
    const records: SessionRecord[] = []
    const until = performance.now() + PAGE_TIME
    try {
      for (let bytes = 0; records.length < PAGE_LENGTH && bytes < PAGE_BYTES && performance.now() < until; ) {
        const step = await iterator.next()
        if (step.done) {
          this.#iterators.delete(list)
          return { list, records, isLast: true }
        }
        records.push(step.value)
        bytes += step.value.body.byteLength
      }
      return { list, records, isLast: false }
    } catch (error) {
      this.#iterators.delete(list)
      throw error
    }
  }

  /** Nothing more is read of it. */
  async end(list: CallNumber): Promise<void> {
    const iterator = this.#iterators.get(list)
    this.#iterators.delete(list)
    await iterator?.return?.()
  }

  async endAll(): Promise<void> {
    for (const list of [...this.#iterators.keys()]) await this.end(list)
  }
}

const PAGE_LENGTH = 100
const PAGE_BYTES = 256 * 1024
/** Milliseconds. */
const PAGE_TIME = 20
