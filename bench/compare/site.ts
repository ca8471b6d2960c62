import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from '../subjects/faults.ts'
import { filesOf } from '../subjects/files-of.ts'
import { listening } from '../subjects/listening.ts'
import type { Order } from '../subjects/process.ts'
import type { Contents } from '../subjects/subject.ts'
import type { Subject } from '../subjects/subjects.ts'
import { Browser } from './browser.ts'

/** The application on one subject, in a process of its own, and all that the scenarios may do to it. */
export class Site {
  readonly subject: Subject
  readonly #redisUrl: string
  readonly #postgresUrl: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'coatcheck-compare-'))
  #child: ChildProcess | undefined
  #port = 0

  constructor(subject: Subject, redisUrl: string, postgresUrl: string) {
    this.subject = subject
    this.#redisUrl = redisUrl
    this.#postgresUrl = postgresUrl
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async start(): Promise<void> {
    rmSync(this.#sessions, { recursive: true, force: true })
    mkdirSync(this.#sessions)
    await (this.subject.needs === 'php' ? this.#startPhp() : this.#startNode())
  }

  async stop(): Promise<void> {
    if (!this.#child || !this.isAlive) return
    const exit = once(this.#child, 'exit')
    this.#kill()
    await exit
  }

  /** At once, so that it can be the last thing that this process does. */
  close(): void {
    if (this.isAlive) this.#kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** It, and whatever it has started: PHP has workers. */
  #kill(): void {
    if (this.#child?.pid) process.kill(-this.#child.pid, 'SIGKILL')
  }

  browser(): Browser {
    return new Browser(`http://127.0.0.1:${this.#port}`)
  }

  /** From now on this is wrong with the store; nothing any more, when nothing is given. */
  async breakStore(fault?: Fault): Promise<void> {
    if (this.subject.needs === 'php') writeFileSync(this.#faultFile, JSON.stringify(fault ?? null))
    else await this.#order({ fault: fault ?? null })
  }

  async contents(): Promise<Contents> {
    if (this.subject.needs !== 'php') return (await this.#order({ contents: true })) as Contents
    const files = filesOf(this.#sessions)
    return { count: files.length, text: files.map(({ path, text }) => `${path}\n${text}`).join('\n') }
  }

  get #sessions(): string {
    return join(this.#folder, 'sessions')
  }

  get #faultFile(): string {
    return join(this.#folder, 'fault.json')
  }

  async #startNode(): Promise<void> {
    const entry = fileURLToPath(new URL('../subjects/process.ts', import.meta.url))
    const parameters = [this.subject.file, this.#sessions, this.#redisUrl, this.#postgresUrl]
    this.#child = spawn(process.execPath, ['--import=tsx', entry, ...parameters], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_ENV: 'production' },
      detached: true,
    })
    const complaint = textOf(this.#child)
    const [message] = await Promise.race([once(this.#child, 'message'), once(this.#child, 'exit')])
    if (!this.isAlive) throw new Error(`${this.subject.title} did not start:\n${complaint()}`)
    this.#port = (message as { port: number }).port
  }

  async #startPhp(): Promise<void> {
    writeFileSync(this.#faultFile, 'null')
    this.#port = await freePort()
    const router = fileURLToPath(new URL('../subjects/php.php', import.meta.url))
    this.#child = spawn('php', ['-S', `127.0.0.1:${this.#port}`, router], {
      stdio: 'ignore',
      env: { ...process.env, PHP_CLI_SERVER_WORKERS: '40', SESSIONS: this.#sessions, FAULT: this.#faultFile },
      detached: true,
    })
    for (let attempt = 0; attempt < 50; attempt++) {
      const { status } = await this.browser().get('/nowhere')
      if (status === 404) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    for (const { path } of filesOf(this.#sessions))
      if (existsSync(join(this.#sessions, path))) rmSync(join(this.#sessions, path))
  }

  async #order(order: Order): Promise<unknown> {
    this.#child?.send(order)
    const [answer] = await once(this.#child!, 'message')
    return answer
  }
}

/** What a process has written to stderr, for the moment it fails. */
function textOf(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.on('data', (chunk) => {
    text = `${text}${chunk}`.slice(-4000)
  })
  return () => text
}

export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server as never)
  server.close()
  await once(server, 'close')
  return port
}
