import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, type Visitor, visitors, type Workload } from './load.ts'
import type { Server } from './server.ts'

/** A server in a process of its own, asked for its CPU time before and after each batch of requests. */
export class MeasuredServer {
  readonly server: Server
  readonly #folder = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
  readonly #child: ChildProcess
  readonly #visitors = new Map<number | undefined, Visitor[]>()
  #port = 0

  constructor(server: Server, compiled: string) {
    this.server = server
    this.#child = spawn(
      process.execPath,
      [join(compiled, 'process.mjs'), server.file, join(this.#folder, 'sessions')],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: { ...process.env, NODE_ENV: 'production' },
      },
    )
  }

  async start(): Promise<void> {
    let complaint = ''
    this.#child.stderr?.on('data', (chunk) => {
      complaint += chunk
    })
    const [port] = await Promise.race([once(this.#child, 'message'), once(this.#child, 'exit')])
    if (this.#child.exitCode !== null) throw new Error(`${this.server.file} did not start:\n${complaint}`)
    this.#port = port as number
  }

  /** Microseconds of CPU per request. */
  async measure(workload: Workload, most: number, ms: number): Promise<number> {
    const { bytes } = workload
    const ready = this.#visitors.get(bytes) ?? (await visitors(this.#port, bytes, this.server.bare !== undefined))
    this.#visitors.set(bytes, ready)
    const before = await this.#cpu()
    const count = await run(ready, workload, most, ms)
    return ((await this.#cpu()) - before) / count
  }

  /** At once, so that it can be the last thing that this process does. */
  close(): void {
    this.#child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #cpu(): Promise<number> {
    this.#child.send('cpu')
    const [microseconds] = await once(this.#child, 'message')
    return microseconds as number
  }
}
