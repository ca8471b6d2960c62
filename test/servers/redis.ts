import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisServer } from '../needs.ts'

export interface RedisOptions {
  /** What a crash may lose. Default: `everysec`, as in Redis itself. */
  readonly appendFsync?: 'always' | 'everysec' | 'no'
  /** More of redis.conf: `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** A Sentinel, which is told over the wire what it watches. */
  readonly isSentinel?: boolean
}

/** A real Redis of this test's own, on loopback, with an append-only file. It ends with this process, however that ends. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly pid: number
  /** Freezes it: it keeps its connections and answers nothing. */
  pause(): void
  resume(): void
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again on the same port, with what its append-only file holds. Kills it first, if need be. */
  restart(): Promise<void>
  /** Sends a command over a connection of its own; resolves to the answer as it came over the wire. */
  command(...words: readonly string[]): Promise<string>
  /** Kills it, and removes what it has stored. */
  stop(): Promise<void>
}

/** Rejects when it does not come up. Ask `redisServer().skip` of test/needs.ts first. */
export async function startRedis({
  appendFsync = 'everysec',
  settings = {},
  isSentinel = false,
}: RedisOptions = {}): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-redis-'))
  const isCluster = settings['cluster-enabled'] === 'yes'
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(isCluster)
    try {
      const run = (): Promise<Running> => start(port, directory, { ...settings, appendfsync: appendFsync }, isSentinel)
      return server(port, directory, run, await run())
    } catch (error) {
      // Somebody else may have taken the port in the meantime.
      if (attempt < 5) continue
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }
}

interface Running {
  readonly pid: number
  /** A shell that kills the server when it is told to, and when this process is gone. */
  readonly guard: ChildProcess
}

function server(port: number, directory: string, run: () => Promise<Running>, first: Running): RedisServer {
  let running = first
  const end = async (word: 'keep' | 'remove'): Promise<void> => {
    const { guard } = running
    if (guard.exitCode !== null || guard.signalCode !== null) return
    guard.ref()
    guard.stdin?.end(`${word}\n`)
    await once(guard, 'exit')
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return running.pid
    },
    pause: () => void process.kill(running.pid, 'SIGSTOP'),
    resume: () => void process.kill(running.pid, 'SIGCONT'),
    kill: () => end('keep'),
    async restart() {
      await end('keep')
      running = await run()
    },
    command: (...words) => ask(port, words),
    async stop() {
      await end('remove')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** `read` ends when the pipe does, and the pipe ends with this process. */
const guardScript = `
  directory=$1; shift
  "$@" </dev/null >&2 & echo $!
  read -r word
  kill -KILL $! ; wait $! 2>/dev/null
  [ "$word" = keep ] || rm -rf "$directory"`

async function start(
  port: number,
  directory: string,
  settings: Readonly<Record<string, string>>,
  isSentinel: boolean,
): Promise<Running> {
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    appendonly: 'yes',
    save: '',
    'repl-diskless-sync-delay': '0', // a replica that comes need not wait for others
    loglevel: 'warning',
    ...settings,
  }
  const options = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
  const mode = isSentinel ? [join(directory, 'sentinel.conf'), '--sentinel'] : []
  if (isSentinel) writeFileSync(join(directory, 'sentinel.conf'), '') // where it keeps what it is told
  const args = ['-c', guardScript, 'redis-guard', directory, redisServer().path, ...mode, ...options]
  const guard = spawn('/bin/sh', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  guard.stdin.on('error', () => {})
  let said = ''
  guard.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000)
  })
  const [line] = (await once(guard.stdout, 'data')) as [Buffer]
  const pid = Number(String(line))
  // Nothing of it keeps a test's process alive.
  guard.unref()
  for (const stream of [guard.stdin, guard.stdout, guard.stderr]) (stream as unknown as { unref(): void }).unref()
  for (let waited = 0; waited < 10_000; waited += 20) {
    const answer = await ask(port, ['INFO', 'server']).catch(() => '')
    // Another server may be on this port.
    if (answer.includes(`process_id:${pid}\r`)) return { pid, guard }
    if (said.includes('Address already in use')) break
    await sleep(20)
  }
  guard.stdin.end('keep\n')
  throw new Error(`redis-server did not come up on port ${port}: ${said}`)
}

/** One command over the wire, and its answer as it came. */
function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const lines = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.setTimeout(10_000, () => socket.destroy(new Error('Redis does not answer')))
    socket.on('error', reject)
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      // A Sentinel knows no QUIT: its refusal is the end of the answer, then.
      if (/^-ERR unknown command 'QUIT'/m.test(answer)) socket.end()
    })
    socket.on('end', () => resolve(answer))
    // QUIT ends the connection when what came before it was answered.
    socket.write(`*${words.length}\r\n${lines.join('')}*1\r\n$4\r\nQUIT\r\n`)
  })
}

/** Below the ports that systems give to outgoing connections. A cluster's node takes the one 10,000 above it too. */
async function freePort(isCluster: boolean): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 20_000)
    if ((await isFree(port)) && (!isCluster || (await isFree(port + 10_000)))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}
