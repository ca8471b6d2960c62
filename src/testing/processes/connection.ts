import { AssertionError } from 'node:assert'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { heeded } from '../store-cases/waiting.ts'
import type { Answer, Call } from './messages.ts'

interface Pending {
  readonly name: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly said: (value: unknown) => void
}

export type Ask = Omit<Call, 'call'> & { readonly said?: ((value: unknown) => void) | undefined }

/** A process of its own that has loaded the module which opens stores. */
export class Connection {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Pending>()
  readonly #ended: Promise<unknown>
  #count = 0
  #isAlive = true

  /** Resolves once the module is loaded. */
  static async start(module: string | URL): Promise<Connection> {
    // As this file's own name: TypeScript in the repository, JavaScript in the package.
    const program = new URL(`./store-process${import.meta.url.slice(-3)}`, import.meta.url)
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const child = fork(fileURLToPath(program), [String(module)], {
      execArgv: inheritedOptions(process.execArgv),
      serialization: 'advanced',
      env,
      // Standard output may be what a test runner reads.
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    const connection = new Connection(child)
    const [answer] = (await Promise.race([once(child, 'message'), connection.#ended.then(() => [])])) as [Answer?]
    if (answer && 'ready' in answer) return connection
    const reason = answer && 'failed' in answer ? answer.failed : 'the process ended before it had loaded it'
    await connection.end()
    throw new Error(`${module} could not be loaded: ${reason}`)
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit')
    child.on('message', (answer: Answer) => this.#hear(answer))
    child.on('error', () => {})
    child.on('exit', (code, signal) => {
      this.#isAlive = false
      for (const { reject } of this.#pending.values()) reject(new Error(`the process ended (${signal ?? code})`))
      this.#pending.clear()
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** A call that nobody waits for may fail unseen: a process that is killed leaves many. */
  ask({ said = () => {}, ...ask }: Ask): Promise<unknown> {
    const call = ++this.#count
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(call, { name: ask.name, resolve, reject, said })
      if (!this.#isAlive) reject(new Error('the process has ended'))
      else this.#child.send({ call, ...ask } satisfies Call, (error) => error && reject(error))
    })
    return heeded(answer)
  }

  /** Waits until all is answered that was asked, as when a case has failed early. False when that takes too long. */
  async hasDone(patience: number): Promise<boolean> {
    const deadline = performance.now() + patience
    while ([...this.#pending.values()].some(({ name }) => name !== 'subscribe')) {
      if (performance.now() > deadline) return false
      await pause(5)
    }
    return true
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    if (this.#isAlive) await this.#ended
  }

  #hear(answer: Answer): void {
    if (!('call' in answer)) return
    const pending = this.#pending.get(answer.call)
    if ('said' in answer) {
      pending?.said(answer.said)
      return
    }
    this.#pending.delete(answer.call)
    if ('error' in answer) {
      const { name, message, stack } = answer.error
      const error = name === 'AssertionError' ? new AssertionError({ message }) : new Error(message)
      pending?.reject(Object.assign(error, { stack: `in another process: ${stack}` }))
    } else pending?.resolve(answer.value)
  }
}

/** Loaders, conditions and flags as this process has them, but nothing that is about this run of it. */
export function inheritedOptions(options: readonly string[]): string[] {
  const inherited: string[] = []
  let isDropping = false
  for (const option of options) {
    const isValue = !option.startsWith('-')
    if (!isValue) isDropping = ABOUT_THIS_RUN.test(option)
    if (!isDropping) inherited.push(option)
    if (isValue) isDropping = false
  }
  return inherited
}

const ABOUT_THIS_RUN =
  /^(-[epci]|-pe|--(eval|print|check|interactive|input-type|test|watch|inspect|debug|cpu-prof|heap-prof|prof)\b.*)$/
