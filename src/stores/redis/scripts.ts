import { createHash } from 'node:crypto'
import type { Argument, Connection, Reply } from './connection.ts'

/** Something that Redis does in one step. All of a script's keys lie in one slot of a cluster. */
export interface Script {
  readonly source: string
  readonly hash: string
}

/** Redis keeps scripts until it restarts, changes over or is told to forget them (NOSCRIPT). */
export async function run(
  connection: Connection,
  { source, hash }: Script,
  keys: readonly [string, ...string[]],
  args: readonly Argument[],
): Promise<Reply> {
  try {
    return await connection.send(keys[0], 'EVALSHA', hash, String(keys.length), ...keys, ...args)
  } catch (error) {
    if (!String((error as Error | undefined)?.message).startsWith('NOSCRIPT')) throw error
    return connection.send(keys[0], 'EVAL', source, String(keys.length), ...keys, ...args)
  }
}

function script(...parts: readonly string[]): Script {
  const source = parts.map((part) => part.trim()).join('\n')
  return { source, hash: createHash('sha1').update(source).digest('hex') }
}

/** Takes a record's line apart; nil where there is no record. See record-value.ts. */
const parse = `
local function parse(key)
  local line = redis.pcall('GETRANGE', key, 0, 2047)
  if type(line) ~= 'string' then return nil end
  local expires, seen = string.sub(line, 3, 26), string.sub(line, 28, 51)
  local version, user = string.match(line, '^([%w_-]+) %S+ ([^\\n]*)\\n', 53)
  if not version or string.sub(line, 1, 2) ~= '1 ' or not tonumber(expires) or not tonumber(seen) then return nil end
  return { expires = expires, seen = seen, version = version, user = user }
end
local function live(key, now)
  local record = parse(key)
  if record and tonumber(record.expires) > tonumber(now) then return record end
end`

/** Moves the moment at which Redis cleans a key up, but never nearer. */
const keep = `
local function keep(key, ttl)
  if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
end`

/*
 * Who waits for a lock, in a list: the first one holds it. Each entry begins with the time, by the clock of Redis, up to which
 * it stands unless it is renewed: 13 digits, a colon, then the token. A holder's time is its lease; one who waits says again
 * and again that it is still there. So whoever dies, holding or waiting, is passed over.
 */
const queue = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function wake(entry, turns)
  local token = string.sub(entry, 15)
  redis.pcall('PUBLISH', turns .. string.match(token, '^[^.]*'), token)
end
local function standing(key, time)
  local entries, first = {}, nil
  for place, entry in ipairs(redis.call('LRANGE', key, 0, -1)) do
    first = first or entry
    if tonumber(string.sub(entry, 1, 13)) > time then entries[#entries + 1] = entry
    else redis.call('LREM', key, 1, entry) end
  end
  return entries, first
end
local function leave(key, token, turns)
  local entries, first = standing(key, clock())
  for place, entry in ipairs(entries) do
    if string.sub(entry, 15) == token then
      redis.call('LREM', key, 1, entry)
      table.remove(entries, place)
      break
    end
  end
  if entries[1] and entries[1] ~= first then wake(entries[1], turns) end
end
local function stand(key, place, time, token)
  local entry = string.format('%013.0f:%s', time, token)
  if place then redis.call('LSET', key, place - 1, entry) else redis.call('RPUSH', key, entry) end
end`

/** A user's sessions: a hash of session ids, and of \`notBefore\`. An entry is the time it was made, or \`-\` when it is to be ended. */
const enter = `
local function enter(key, id, openedAt, entry)
  local state, notBefore = unpack(redis.call('HMGET', key, id, 'notBefore'))
  if state == '-' or (notBefore and tonumber(openedAt) < tonumber(notBefore)) then return nil end
  redis.call('HSET', key, id, entry)
  return redis.call('HLEN', key)
end`

/** {0, current}: refused · {1, entries of the user}: done · {2, current}: revoked · {3}: enter the user first · {4}: had been done. */
export const writeScript: Script = script(
  parse,
  keep,
  queue,
  enter,
  `
local now, expected, version, value, ttl, user, openedAt, hasEntered, token, turns, id, entry, userTtl = unpack(ARGV)
local record, count, answer = live(KEYS[1], now), 0, 1
if record and record.version == version then
  answer = 4
else
  if (record and record.version or '') ~= expected then return { 0, record and redis.call('GET', KEYS[1]) } end
  if user ~= '-' and (not record or record.user == '-') then
    if KEYS[3] then
      count = enter(KEYS[3], id, openedAt, entry)
      if not count then return { 2, record and redis.call('GET', KEYS[1]) } end
    elseif hasEntered == '' then return { 3 } end
  end
  redis.call('SET', KEYS[1], value, 'PX', ttl)
  if KEYS[3] then keep(KEYS[3], userTtl) end
end
if token ~= '' then leave(KEYS[2], token, turns) end
return { answer, count }`,
)

export const touchScript: Script = script(
  parse,
  `
local now, expires, seen, ttl = unpack(ARGV)
local record = live(KEYS[1], now)
if not record then return 0 end
local isLater = tonumber(expires) > tonumber(record.expires)
if not isLater then expires = record.expires end
if tonumber(seen) < tonumber(record.seen) then seen = record.seen end
redis.call('SETRANGE', KEYS[1], 2, expires .. ' ' .. seen)
if isLater then redis.call('PEXPIRE', KEYS[1], ttl) end
return 1`,
)

// PUBLISH by pcall, here and above: where nobody may publish, that costs the message, and not the step it tells of.

/** The user of what was deleted, as JSON. */
export const deleteScript: Script = script(
  parse,
  `
local ended, id = unpack(ARGV)
local record = parse(KEYS[1])
if redis.call('DEL', KEYS[1]) == 0 then return false end
redis.pcall('PUBLISH', ended, id)
return record and record.user`,
)

/** Deletes a record that is this user's; 1 when it was live. */
export const endScript: Script = script(
  parse,
  `
local now, user, ended, id = unpack(ARGV)
local record = parse(KEYS[1])
if not record or record.user ~= user then return 0 end
redis.call('DEL', KEYS[1])
redis.pcall('PUBLISH', ended, id)
return tonumber(record.expires) > tonumber(now) and 1 or 0`,
)

/** {0}: no record · {1, record}: it is this one's turn · {2, ms}: somebody else's, for at most that long. Asked again, it says that this one is still there. */
export const takeScript: Script = script(
  parse,
  keep,
  queue,
  `
local now, token, lease, patience, turns = unpack(ARGV)
if not live(KEYS[1], now) then
  leave(KEYS[2], token, turns)
  return { 0 }
end
local time = clock()
local entries, first = standing(KEYS[2], time)
local place = nil
for index, entry in ipairs(entries) do if string.sub(entry, 15) == token then place = index end end
if place == 1 or #entries == 0 then
  stand(KEYS[2], place, time + lease, token)
  keep(KEYS[2], lease)
  return { 1, redis.call('GET', KEYS[1]) }
end
stand(KEYS[2], place, time + patience, token)
keep(KEYS[2], patience)
if entries[1] ~= first then wake(entries[1], turns) end
return { 2, tonumber(string.sub(entries[1], 1, 13)) - time }`,
)

export const renewScript: Script = script(
  keep,
  queue,
  `
local token, lease, turns = unpack(ARGV)
local time = clock()
local entries, first = standing(KEYS[1], time)
if entries[1] and string.sub(entries[1], 15) == token then
  stand(KEYS[1], 1, time + lease, token)
  keep(KEYS[1], lease)
  return 1
end
if entries[1] and entries[1] ~= first then wake(entries[1], turns) end
return 0`,
)

export const leaveScript: Script = script(queue, 'leave(KEYS[1], ARGV[1], ARGV[2])')

/** The number of the user's entries, or nothing when the sign-in is revoked. */
export const enterScript: Script = script(
  keep,
  enter,
  `
local id, openedAt, entry, userTtl = unpack(ARGV)
local count = enter(KEYS[1], id, openedAt, entry)
if count then keep(KEYS[1], userTtl) end
return count`,
)

/** 1: the sign-in stands. One that is looked at a second time stands if it is in the list. */
export const checkScript: Script = script(`
local id, openedAt, isSecond = unpack(ARGV)
local state, notBefore = unpack(redis.call('HMGET', KEYS[1], id, 'notBefore'))
if not state or state == '-' then return 0 end
if isSecond ~= '' or not notBefore or tonumber(openedAt) >= tonumber(notBefore) then return 1 end
return 0`)

/** Marks all entries but one in one step, and returns all that are marked. */
export const markScript: Script = script(
  keep,
  `
local notBefore, except, ttl = unpack(ARGV)
local known = redis.call('HGET', KEYS[1], 'notBefore')
if not known or tonumber(known) < tonumber(notBefore) then redis.call('HSET', KEYS[1], 'notBefore', notBefore) end
local marked, all = {}, redis.call('HGETALL', KEYS[1])
for index = 1, #all, 2 do
  local id, state = all[index], all[index + 1]
  if id ~= 'notBefore' then
    if id ~= except or state == '-' then
      redis.call('HSET', KEYS[1], id, '-')
      marked[#marked + 1] = id
    end
  end
end
keep(KEYS[1], ttl)
return marked`,
)

/** All entries, as id, state, id, state, … */
export const entriesScript: Script = script(`return redis.call('HGETALL', KEYS[1])`)

/** Removes entries, each only if it is still as it was seen. Of a user without sessions, \`notBefore\` stays for a while. */
export const forgetScript: Script = script(`
for index = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[index]) == ARGV[index + 1] then redis.call('HDEL', KEYS[1], ARGV[index]) end
end
if redis.call('HLEN', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], 'notBefore') == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end`)
