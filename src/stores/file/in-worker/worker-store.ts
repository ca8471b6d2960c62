import type { Lock, SessionRecord, StoreOptions } from '../../../core/store.ts'
import type { FileStore } from '../store-in.ts'
import type { CallNumber, Page, WorkerSettings } from './messages.ts'
import { WorkerThread } from './worker-thread.ts'

/** The store whose every call is a message to a thread of its own, where the same store does the work. */
export function workerStore(
  directory: string,
  settings: Omit<WorkerSettings, 'directory'>,
): Omit<FileStore, 'pathOf'> & { close(): Promise<void> } {
  const thread = new WorkerThread({ ...settings, directory })

  async function* pages(first: () => Promise<Page>): AsyncGenerator<SessionRecord> {
    let page = await first()
    try {
      for (;;) {
        for (const record of page.records) yield record
        if (page.isLast) return
        page = await thread.ask('nextPage', [page.list])
      }
    } finally {
      if (!page.isLast) thread.ask('endList', [page.list]).catch(() => {})
    }
  }

  return {
    durability: 'kept',
    read: (id, options) => thread.ask('read', [id, options.now], options),

    async write(record, expected, options) {
      const { unlock, now } = options
      const lock = unlock instanceof WorkerLock && unlock.thread === thread ? unlock.number : undefined
      const written = await thread.ask('write', [copyOf(record), expected, now, lock], options)
      if (written.ok && lock === undefined) await unlock?.release()
      return written
    },

    touch: (id, times, options) => thread.ask('touch', [id, times, options.now], options),
    delete: (id, options) => thread.ask('delete', [id, options.now], options),

    async lockAndRead(id, options) {
      const locked = await thread.ask('lockAndRead', [id, options.now, options.leaseMs], options, (late) => {
        if (late) new WorkerLock(thread, late.lock).release().catch(() => {})
      })
      return locked && { lock: new WorkerLock(thread, locked.lock), record: locked.record }
    },

    users: {
      list: (userId, options) => pages(() => thread.ask('listUser', [userId, options.now], options)),
      deleteByUser: (userId, options) =>
        thread.ask('deleteByUser', [userId, options.now, options.notBefore, options.except], options),
    },

    list: (options: StoreOptions) => pages(() => thread.ask('list', [options.now], options)),
    deleteExpired: (options) => thread.ask('deleteExpired', [options.now, options.batch], options),
    close: () => thread.close(),
  }
}

class WorkerLock implements Lock {
  readonly thread: WorkerThread
  readonly number: CallNumber

  constructor(thread: WorkerThread, number: CallNumber) {
    this.thread = thread
    this.number = number
  }

  async renew(leaseMs: number): Promise<boolean> {
    return this.thread.isClosed ? false : this.thread.ask('renew', [this.number, leaseMs])
  }

  async release(): Promise<void> {
    if (!this.thread.isClosed) await this.thread.ask('release', [this.number])
  }
}

/** The caller may go on using its bytes, which may be a part of something larger that should not be cloned as a whole. */
function copyOf({ id, version, expiresAt, lastSeenAt, userId, openedAt, body }: SessionRecord): SessionRecord {
  return {
    id,
    version,
    expiresAt,
    lastSeenAt,
    ...(userId !== undefined && { userId }),
    ...(openedAt !== undefined && { openedAt }),
    body: new Uint8Array(body),
  }
}
