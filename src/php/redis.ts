import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Duration, milliseconds } from '../core/lifetime.ts'
import { Patience } from './patience.ts'
import { type RedisClient, sender } from './redis/connection.ts'
import { available, type Held, OpenKey, release } from './redis/open-key.ts'
import { lockScript, run } from './redis/scripts.ts'
import { IllegalSessionIdError, isLegalSessionId, type SaveHandler } from './save-handler.ts'
import { Turns } from './turns.ts'

export type { IoRedisClient, NodeRedisClient, RedisClient } from './redis/connection.ts'

/** What `phpRedis()` is told: what PHP's own configuration, and that of its extension, says. */
export interface PhpRedisOptions {
  /** Before the id in a session's key; in PHP `prefix=` of the save_path. Default: `PHPREDIS_SESSION:`, as in PHP. */
  readonly prefix?: string
  /** PHP's `session.gc_maxlifetime`, which both sides should have alike. Default: 24 minutes, as in PHP. */
  readonly maxLifetime?: Duration
  /** For how long a lock outlives a process that was killed; renewed while the session is open. PHP's `redis.session.lock_expire`. Default: 30 seconds. */
  readonly lockExpire?: Duration
  /** How long a request waits for the lock before it fails with `ERR_SESSION_BUSY` (503). Default: 5 seconds. */
  readonly lockWait?: Duration
}

/** PHP asks every 20 ms whether the lock is free (`redis.session.lock_wait_time` of phpredis 6; 2 ms in phpredis 5). One in a process asks for all its others. */
const pollMs = 6

/** After 100 ms of turns among ourselves the lock stays free for long enough that one who asks every 20 ms gets it. */
const fairness = { runMs: 100, pauseMs: 25 }

/**
 * PHP's sessions in Redis, as its extension (phpredis) keeps them, for a PHP with `session.save_handler=redis` and for Node at the
 * same time: the same keys, times to live and locks.
 *
 * PHP has to lock too: `redis.session.locking_enabled=1`, which is off by default. With phpredis 5 also let it wait longer than its
 * 20 ms: `redis.session.lock_retries=100`, `redis.session.lock_wait_time=20000`. One Redis only: phpredis does not lock on a
 * Cluster, and Node does not follow it over several servers. Compressed sessions (`redis.session.compression`) are not read.
 *
 * Other than PHP it renews its lock, checks it in the same step in which it writes, deletes a session before it releases the lock,
 * does not bring back one that was deleted in the meantime, and refuses ids that PHP would not make (`x_LOCK` is the lock of `x`).
 *
 * Client and connection are the caller's, and stay open. Throws a TypeError for what is no client of a single Redis.
 *
 * @example
 * import { createClient } from 'redis'
 * const client = createClient({ url: 'redis://127.0.0.1:6379' })
 * client.on('error', console.error)
 * await client.connect()
 * const sessions = new PhpSessions({ saveHandler: phpRedis(client) })
 */
export function phpRedis(client: RedisClient, options: PhpRedisOptions = {}): SaveHandler {
  const { prefix = 'PHPREDIS_SESSION:' } = options
  const send = sender(client)
  const maxLifetimeSeconds = Math.ceil(milliseconds('maxLifetime', options.maxLifetime ?? '24m') / 1000)
  const lockExpireMs = Math.ceil(milliseconds('lockExpire', options.lockExpire ?? '30s'))
  const lockWaitMs = milliseconds('lockWait', options.lockWait ?? '5s')
  const turns = new Turns(fairness)

  return {
    name: 'redis',
    savePath: '',

    async open(id, { signal } = {}) {
      if (!isLegalSessionId(id))
        throw new IllegalSessionIdError('a session id has up to 256 of A-Z, a-z, 0-9, "-" and ","')
      const patience = new Patience(lockWaitMs, signal)
      patience.check()
      const session = prefix + id
      // PHP's value is its host and process; all that counts is that nobody else has the same.
      const value = `${hostname()}|${process.pid}|${randomUUID()}`
      const held: Held = { send, session, lock: `${session}_LOCK`, value, lockExpireMs, maxLifetimeSeconds }
      const leave = await turns.take(id, patience)
      try {
        for (;;) {
          const [isLocked, stored] = await locked(held)
          if (isLocked) return new OpenKey(held, stored, leave)
          await patience.sleep(pollMs * (0.5 + Math.random()))
        }
      } catch (error) {
        leave()
        throw error
      }
    },

    async exists(id) {
      return isLegalSessionId(id) && (await available(send('EXISTS', prefix + id))) === 1
    },

    /** Redis deletes what has expired by itself. */
    async collectGarbage() {
      return false
    },
  }
}

async function locked(held: Held): Promise<readonly [isLocked: boolean, stored: Buffer | null]> {
  const { send, session, lock, value, lockExpireMs } = held
  try {
    const reply = await available(run(send, lockScript, [session, lock], [value, String(lockExpireMs)]))
    const [isLocked, stored] = reply as [number, Buffer | null | undefined]
    return [isLocked === 1, stored ?? null]
  } catch (error) {
    // Redis may have done it, or may do it yet: the client sends this after it.
    void release(held)
    throw error
  }
}
