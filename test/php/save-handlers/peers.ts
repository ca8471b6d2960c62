import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { type Need, php } from '../../needs.ts'
import type { Values } from './session-text.ts'

export interface Answer {
  readonly started?: boolean
  readonly collected?: number | false
  readonly data: Values
  readonly warnings: readonly string[]
}

/** Another process, PHP or Node, that does with sessions what it is told. */
export interface Peer {
  ask(order: 'open' | 'set' | 'close' | 'destroy' | 'collect' | 'add' | 'crowd', ...args: unknown[]): Promise<Answer>
  /** kill -9. */
  kill(): Promise<void>
}

/** Where the sessions are: in a folder, or in the Redis on this port. */
export type Where =
  | { readonly files: string }
  | { readonly redis: number; readonly lockExpire?: string; readonly phpLocks?: 'never' | 'every 20 ms' }

/** Of the machine's php.ini nothing may matter here. */
const settings = {
  'session.use_cookies': '0',
  'session.use_only_cookies': '1',
  'session.cache_limiter': '',
  'session.serialize_handler': 'php',
  'session.gc_probability': '0',
  'session.gc_maxlifetime': '1440',
  'session.use_strict_mode': '0',
  'session.lazy_write': '1',
  'redis.session.lock_expire': '30',
  'redis.session.lock_retries': '-1',
}

export function phpPeer(test: TestContext, where: Where): Promise<Peer> {
  const handler: Record<string, string> =
    'files' in where
      ? { 'session.save_handler': 'files', 'session.save_path': where.files }
      : {
          'session.save_handler': 'redis',
          'session.save_path': `tcp://127.0.0.1:${where.redis}`,
          'redis.session.locking_enabled': where.phpLocks === 'never' ? '0' : '1',
          'redis.session.lock_wait_time': where.phpLocks === 'every 20 ms' ? '20000' : '2000',
        }
  const options = Object.entries({ ...settings, ...handler }).flatMap(([name, value]) => ['-d', `${name}="${value}"`])
  return start(test, php().path, [...options, join(import.meta.dirname, 'peer.php')])
}

/** `imports`: what the process loads first. */
export function nodePeer(test: TestContext, where: Where, imports: readonly string[] = []): Promise<Peer> {
  const loaded = [...imports.map((name) => join(import.meta.dirname, name)), 'tsx'].map((name) => `--import=${name}`)
  return start(test, process.execPath, [...loaded, join(import.meta.dirname, 'peer.ts'), JSON.stringify(where)])
}

/** PHP with its extension for Redis. */
export function phpRedisExtension(): Need {
  const need = php()
  if (need.skip) return need
  if (/^redis$/m.test(execFileSync(need.path, ['-m'], { encoding: 'utf8' }))) return need
  const skip = "PHP's extension for Redis is not installed (scripts/install-test-services installs it)"
  if (process.env.CI && process.env.CI !== 'false') throw new Error(skip)
  return { path: '', skip }
}

async function start(test: TestContext, program: string, args: readonly string[]): Promise<Peer> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const waiting: ((answer: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line))
  const next = (): Promise<string> =>
    new Promise((resolve, reject) => {
      waiting.push(resolve)
      ended.then(([code, signal]) => reject(new Error(`${program} ended (${code ?? signal})`)))
    })
  child.stdin.on('error', () => {})
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  test.after(kill)
  await next()
  return {
    async ask(...order) {
      const answer = next()
      child.stdin.write(`${JSON.stringify(order)}\n`)
      return JSON.parse(await answer)
    },
    kill,
  }
}
