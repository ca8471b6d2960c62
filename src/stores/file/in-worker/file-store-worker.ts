// The program of the store's thread: the store as it is, and who waits for what.
import { parentPort, workerData } from 'node:worker_threads'
import { andThen } from '../../../core/maybe-promise.ts'
import type { Lock, MaybePromise, StoreOptions } from '../../../core/store.ts'
import { fileStore } from '../file-store.ts'
import type { Answer, Answered, Asked, CallNumber, Given, Name, WorkerSettings } from './messages.ts'
import { OpenLists } from './open-lists.ts'
import { packError } from './packed-error.ts'

/** What a call tells the store. */
class Call implements StoreOptions {
  readonly number: CallNumber
  now = 0
  #controller: AbortController | undefined

  constructor(number: CallNumber) {
    this.number = number
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** Whether the store has asked for the signal. */
  get canAbort(): boolean {
    return this.#controller !== undefined
  }

  abort(): void {
    this.#controller?.abort()
  }

  with<More extends object>(now: number, more?: More): this & More {
    return Object.assign(this, more, { now })
  }
}

const { directory, ...settings } = workerData as WorkerSettings
const store = fileStore(directory, settings)
const waiting = new Map<CallNumber, Call>()
const locks = new Map<CallNumber, Lock>()
const lists = new OpenLists()

type Answers = { readonly [N in Name]: (call: Call, ...given: Given<N>) => MaybePromise<Answered<N>> }

const answers: Answers = {
  read: (call, id, now) => store.read(id, call.with(now)),

  write(call, record, expected, now, unlock) {
    const lock = unlock === undefined ? undefined : locks.get(unlock)
    return andThen(store.write(record, expected, call.with(now, { unlock: lock })), (written) => {
      if (written.ok && unlock !== undefined) locks.delete(unlock)
      return written
    })
  },

  touch: (call, id, times, now) => store.touch(id, times, call.with(now)),
  delete: (call, id, now) => store.delete(id, call.with(now)),

  lockAndRead(call, id, now, leaseMs) {
    return andThen(store.lockAndRead(id, call.with(now, { leaseMs })), (locked) => {
      if (!locked) return undefined
      locks.set(call.number, locked.lock)
      return { lock: call.number, record: locked.record }
    })
  },

  renew: (_, lock, leaseMs) => locks.get(lock)?.renew(leaseMs) ?? false,

  release(_, lock) {
    const held = locks.get(lock)
    locks.delete(lock)
    return held?.release()
  },

  list: (call, now) => lists.begin(call.number, store.list(call.with(now))),
  listUser: (call, userId, now) => lists.begin(call.number, store.users.list(userId, call.with(now))),
  nextPage: (_, list) => lists.nextPage(list),
  endList: (_, list) => lists.end(list),
  deleteByUser: (call, userId, now, notBefore, except) =>
    store.users.deleteByUser(userId, call.with(now, { notBefore, except })),
  deleteExpired: (call, now, batch) => store.deleteExpired(call.with(now, { batch })),
  abort: (_, call) => waiting.get(call)?.abort(),

  async close() {
    for (const lock of locks.values()) await lock.release()
    await lists.endAll()
  },
}

let unsent: Answer[] = []

parentPort?.on('message', (questions: readonly Asked[]) => {
  const since = performance.now()
  for (const question of questions) {
    answer(question)
    // On a slow disk the first does not wait for the last.
    if (performance.now() - since > 1) send()
  }
  send()
})

function answer([number, name, given]: Asked): void {
  const call = new Call(number)
  const failed = (error: unknown): void => say([number, 'failed', packError(error)])
  try {
    const value = (answers[name] as (call: Call, ...given: readonly unknown[]) => unknown)(call, ...given)
    if (value instanceof Promise) {
      waiting.set(number, call)
      if (call.canAbort) say([number, 'waits'])
      value.then((value) => say([number, 'ok', value]), failed).finally(() => waiting.delete(number))
    } else say([number, 'ok', value])
  } catch (error) {
    failed(error)
  }
}

function say(answer: Answer): void {
  if (unsent.length === 0) queueMicrotask(send)
  unsent.push(answer)
}

function send(): void {
  if (unsent.length > 0) parentPort?.postMessage(unsent)
  unsent = []
}
