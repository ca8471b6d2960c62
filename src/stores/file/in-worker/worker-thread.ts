import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { StoreOptions } from '../../../core/store.ts'
import type { Answer, Answered, Asked, CallNumber, Given, Name, WorkerSettings } from './messages.ts'
import { unpackError } from './packed-error.ts'

/** A question that was asked and not answered yet. */
interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly options: StoreOptions | undefined
  /** Told of an answer that comes after the caller has stopped waiting. */
  readonly tooLate: ((value: unknown) => void) | undefined
  stopWatching?: () => void
}

/**
 * The store's thread, as those see it who ask it. It is started again when it has died; what was under way then is rejected,
 * and may or may not have happened. It keeps the process alive only while it is asked something.
 */
export class WorkerThread {
  readonly #program: URL
  readonly #settings: WorkerSettings
  #worker: Worker | undefined
  #calls = 0
  readonly #pending = new Map<CallNumber, Pending>()
  #unsent: Asked[] = []
  #whenIdle: (() => void)[] = []
  #closing: Promise<void> | undefined
  #isClosed = false

  /** Throws where the worker's program is not to be found. */
  constructor(settings: WorkerSettings) {
    this.#program = workerProgram()
    this.#settings = settings
    // Now, so that the first visitor does not wait for it.
    this.#worker = this.#start()
  }

  ask<N extends Name>(
    name: N,
    given: Given<N>,
    options?: StoreOptions,
    tooLate?: (value: Answered<N>) => void,
  ): Promise<Answered<N>> {
    if (this.#isClosed) return Promise.reject(new Error('fileStore: this store was closed'))
    try {
      this.#worker ??= this.#start()
    } catch (error) {
      // No thread to be had just now.
      return Promise.reject(error)
    }
    const call = ++this.#calls
    if (this.#pending.size === 0) this.#worker.ref()
    if (this.#unsent.length === 0) setImmediate(() => this.#send())
    this.#unsent.push([call, name, given])
    return new Promise((resolve, reject) => {
      this.#pending.set(call, {
        resolve: resolve as (value: unknown) => void,
        reject,
        options,
        tooLate: tooLate as ((value: unknown) => void) | undefined,
      })
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Ends the thread once nothing is under way. What is asked until then is answered. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    while (this.#pending.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
    const letGo = this.#worker && this.ask('close', [])
    this.#isClosed = true
    // What a thread holds that dies meanwhile is free without it.
    await letGo?.catch(ignore)
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(this.#program, {
      name: 'coatcheck file store',
      workerData: this.#settings,
      // What is preloaded into the application (--import, --require) has no business here.
      execArgv: [],
    })
    worker.unref()
    let reason: unknown
    worker.on('message', (answers: readonly Answer[]) => {
      for (const answer of answers) this.#hear(answer)
    })
    worker.on('error', (error) => {
      reason = error
    })
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#worker = undefined
      this.#lose(new Error(`fileStore: the store's thread has ended (exit code ${code})`, { cause: reason }))
    })
    return worker
  }

  #send(): void {
    const unsent = this.#unsent
    if (unsent.length === 0) return
    this.#unsent = []
    try {
      this.#worker?.postMessage(unsent)
    } catch {
      // One of them can't be cloned, and none was sent.
      for (const asked of unsent) this.#sendAlone(asked)
    }
  }

  #sendAlone(asked: Asked): void {
    try {
      this.#worker?.postMessage([asked])
    } catch (error) {
      this.#take(asked[0])?.reject(error)
    }
  }

  #hear([call, outcome, content]: Answer): void {
    if (outcome === 'waits') this.#watchForAbort(call)
    else if (outcome === 'ok') this.#take(call)?.resolve(content)
    else this.#take(call)?.reject(unpackError(content))
  }

  /** Only for a call that waits: asking core for a signal makes one. */
  #watchForAbort(call: CallNumber): void {
    const pending = this.#pending.get(call)
    const signal = pending?.options?.signal
    if (!signal) return
    const abort = (): void => {
      pending.reject(signal.reason)
      this.#pending.set(call, { ...pending, resolve: pending.tooLate ?? ignore, reject: ignore })
      this.ask('abort', [call]).catch(ignore)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    pending.stopWatching = () => signal.removeEventListener('abort', abort)
  }

  #take(call: CallNumber): Pending | undefined {
    const pending = this.#pending.get(call)
    pending?.stopWatching?.()
    if (this.#pending.delete(call) && this.#pending.size === 0) this.#idle()
    return pending
  }

  #idle(): void {
    this.#worker?.unref()
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  #lose(reason: Error): void {
    this.#unsent = []
    for (const call of [...this.#pending.keys()]) this.#take(call)?.reject(reason)
  }
}

function workerProgram(): URL {
  try {
    const name = import.meta.url.endsWith('.ts') ? 'from-source.mjs' : 'file-store-worker.js'
    const program = new URL(name, import.meta.url)
    if (existsSync(fileURLToPath(program))) return program
  } catch {
    // A bundler may leave no `import.meta.url`.
  }
  throw new Error(
    "fileStore: file-store-worker.js, which `thread: 'worker'` starts, is not beside the code that starts it. Tell the " +
      'bundler to leave coatcheck out of the bundle (esbuild: --external:coatcheck), or to make a bundle of its own from ' +
      'coatcheck/dist/stores/file/in-worker/file-store-worker.js, in the same folder and under that name',
  )
}

function ignore(): void {}
