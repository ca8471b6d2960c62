import { createHash } from 'node:crypto'
import type { Argument, Reply, Send } from './connection.ts'

/** Something that Redis does in one step. */
export interface Script {
  readonly source: string
  readonly hash: string
}

/** Redis keeps scripts until it restarts or is told to forget them (NOSCRIPT). */
export async function run(
  send: Send,
  { source, hash }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Reply> {
  try {
    return await send('EVALSHA', hash, String(keys.length), ...keys, ...args)
  } catch (error) {
    if (!String((error as Error | undefined)?.message).startsWith('NOSCRIPT')) throw error
    return send('EVAL', source, String(keys.length), ...keys, ...args)
  }
}

function script(source: string): Script {
  return { source: source.trim(), hash: createHash('sha1').update(source.trim()).digest('hex') }
}

// Of all scripts but the release: KEYS are the session and its lock, ARGV begins with the lock's value.

/** {1, session}: it is ours now · {0}: it is somebody else's. */
export const lockScript: Script = script(`
if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 0 } end
return { 1, redis.call('GET', KEYS[1]) }`)

/** While its lock is held a session does not expire, either. 0: the lock is lost. */
export const renewScript: Script = script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`)

/** 1: written · 0: the lock is lost · -1: there was a session (ARGV[4] is 1), and it has been deleted. */
export const writeScript: Script = script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[4] == '1' and redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('SETEX', KEYS[1], ARGV[2], ARGV[3])
return 1`)

/** The session first: PHP releases the lock before, and whoever has waited for it reads what is just being deleted. */
export const destroyScript: Script = script(`
redis.call('DEL', KEYS[1])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1`)

/** To the letter the one that PHP's extension uses, so that Redis has it already. KEYS is the lock alone. */
export const releaseScript: Script = script(
  'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end',
)
