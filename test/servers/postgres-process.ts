import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Who runs a server: PostgreSQL and pgbouncer both refuse to be run by root. Empty for anyone else: the same user. */
export type Account = { readonly uid?: number; readonly gid?: number }

export function unprivileged(): Account {
  if (process.getuid?.() !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const [, , uid, gid] = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')!
  return { uid: Number(uid), gid: Number(gid) }
}

/** A directory that belongs to the account, and to nobody else. */
export function ownDirectory(prefix: string, { uid, gid }: Account): string {
  const directory = mkdtempSync(join(tmpdir(), prefix))
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid)
  return directory
}

/**
 * A port of the loopback interface that was free a moment ago. Below those that systems give to outgoing connections, one of
 * which could take it while the server is being restarted.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000)
    const server = createServer()
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

// Its standard input is a pipe from the test's process. When that closes, because the process has ended or was killed, the
// server is continued if it was stopped, told to quit, and what it has written is removed.
const watchman = `
directory=$1 quit=$2; shift 2
exec 3<&0
"$@" <&- 3<&- >>"$directory/log" 2>&1 &
server=$!
{
  read -r _ <&3
  trap '' TERM
  kill -CONT $server $(ps -A -o pid=,ppid= | awk -v parent=$server '$2 == parent { print $1 }')
  kill -$quit $server
  while kill -0 $server; do sleep 0.05; done
  rm -rf "$directory"/*
} 2>/dev/null &
wait $server
code=$?
kill $! 2>/dev/null
exit $code
`

/** A program that runs until it is told to stop, and no longer than this process. */
export class ServerProcess {
  readonly directory: string
  readonly #command: readonly string[]
  readonly #account: Account
  readonly #quit: 'QUIT' | 'TERM'
  #watchman: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  /** `directory` holds its log, and is removed in the end. `quit` is the signal that ends it at once, clients or not. */
  constructor(directory: string, command: readonly string[], account: Account, quit: 'QUIT' | 'TERM') {
    this.directory = directory
    this.#command = command
    this.#account = account
    this.#quit = quit
  }

  /** Resolves once `isReady` no longer rejects. */
  async start(isReady: () => Promise<unknown>): Promise<void> {
    const { uid, gid } = this.#account
    const child = spawn('/bin/sh', ['-c', watchman, 'watchman', this.directory, this.#quit, ...this.#command], {
      cwd: this.directory,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true, // outlives the group it was started from, to end what it has started
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    })
    child.unref()
    child.stdin.on('error', () => {})
    ;(child.stdin as unknown as { unref(): void }).unref()
    this.#watchman = child
    this.#ended = once(child, 'exit')
    for (let attempt = 0; ; attempt++) {
      try {
        await isReady()
        return
      } catch (error) {
        if (child.exitCode !== null || attempt > 500) throw new Error(`${this.log()}\n${error}`, { cause: error })
        await sleep(20)
      }
    }
  }

  /** The server and what it has started. */
  get pids(): readonly number[] {
    const server = childrenOf(this.#watchman?.pid).find(({ command }) => this.#command[0]?.endsWith(command))
    return server ? [server.pid, ...childrenOf(server.pid).map(({ pid }) => pid)] : []
  }

  /** What it has said. */
  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids) {
      try {
        process.kill(pid, signal)
      } catch {
        // It has ended by itself meanwhile.
      }
    }
  }

  /** Tells it to quit, and waits until it has. */
  async stop(): Promise<void> {
    this.signal('SIGCONT')
    const [server] = this.pids
    if (server !== undefined) process.kill(server, `SIG${this.#quit}` as const)
    await this.#end()
  }

  /** At once, as when the machine is gone, stopped or not. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#end()
  }

  async #end(): Promise<void> {
    this.#watchman?.ref()
    await this.#ended
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }
}

function childrenOf(parent: number | undefined): { readonly pid: number; readonly command: string }[] {
  if (parent === undefined) return []
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' }).split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid]) => Number(ppid) === parent)
    .map(([pid, , command = '']) => ({ pid: Number(pid), command: command.split('/').at(-1) ?? '' }))
}
