import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, StoreOptions, Version, WriteOptions, Written } from '../../core/store.ts'
import { checkRecord } from '../shared/record-checks.ts'
import type { BoundedConnection } from './bounded.ts'
import type { Keys } from './keys.ts'
import { HeldLock } from './locks.ts'
import { packRecord, packUser, timeToLive, unpackRecord } from './record-value.ts'
import { deleteScript, run, writeScript } from './scripts.ts'
import { type UserEntry, type Users, userEntryOf } from './user-index.ts'

/** A user's list is tidied up whenever it has reached a multiple of this. */
const tidyEvery = 16

type Write = (record: SessionRecord, expected: Version | undefined, options: WriteOptions) => Promise<Written>

/**
 * Compare-and-set. In a cluster, a sign-in takes two round trips more (enter, write, check), and three more on a session that
 * exists and is not locked, as only the first try tells that nobody is signed in there.
 */
export function writer(
  connection: BoundedConnection,
  keys: Keys,
  users: Users,
  readIntact: (id: SessionId, options: StoreOptions) => Promise<SessionRecord | undefined>,
): Write {
  return async (record, expected, options) => {
    const { id, userId } = record
    const { unlock } = options
    checkRecord(record)
    const value = packRecord(record)
    const entry = userEntryOf(record, options.now)
    const isIndexElsewhere = connection.isCluster && userId !== undefined
    const losses = connection.losses()
    let hasEntered = false

    const enter = async (): Promise<boolean> => {
      const count = await users.enter(userId!, entry)
      hasEntered = count !== undefined
      if (hasEntered && count! % tidyEvery === 0) void users.tidy(userId!, options)
      return hasEntered
    }
    const revoked = async (): Promise<Written> => ({ ...refused(await readIntact(id, options)), reason: 'revoked' })

    if (isIndexElsewhere && expected === undefined && !(await enter())) return revoked()
    // Refused, this may be the same write again, and was done before: the script knows.
    if (isIndexElsewhere && unlock instanceof HeldLock && unlock.isAnonymous) await enter()
    for (;;) {
      const [answer, detail] = await tryWrite(record, expected, options, value, entry, hasEntered)
      if (answer === needsEntry) {
        if (!(await enter())) return revoked()
        continue
      }
      if (answer === isRefused || answer === isRevoked) {
        // Sent twice, the second may be refused because of what the first has changed.
        if (connection.losses() !== losses) throw connectionLost()
        const current = refused(detail instanceof Buffer ? intact(id, detail) : undefined)
        return answer === isRevoked ? { ...current, reason: 'revoked' } : current
      }
      if (answer === isDone && expected === undefined && connection.losses() !== losses) {
        // And a create may have brought back what was deleted in between. Nobody has its cookie yet.
        await run(connection, deleteScript, [keys.record(id)], [keys.ended, id])
        throw connectionLost()
      }
      const isSecond = answer === wasDone
      if (isIndexElsewhere && (hasEntered || isSecond) && !(await users.check(userId, entry, isSecond, options))) {
        return revoked()
      }
      if (typeof detail === 'number' && detail > 0 && detail % tidyEvery === 0) void users.tidy(userId!, options)
      return { ok: true }
    }
  }

  async function tryWrite(
    { id, version, userId, expiresAt }: SessionRecord,
    expected: Version | undefined,
    { now, unlock }: WriteOptions,
    value: Buffer,
    entry: UserEntry,
    hasEntered: boolean,
  ): Promise<[number, Buffer | number | undefined]> {
    const lock = unlock instanceof HeldLock ? unlock : undefined
    const userKeys = userId !== undefined && !connection.isCluster ? [keys.user(userId)] : []
    const answer = await run(
      connection,
      writeScript,
      [keys.record(id), keys.queue(id), ...userKeys],
      [
        String(now),
        expected ?? '',
        version,
        value,
        timeToLive(expiresAt, now),
        packUser(userId),
        entry.openedAt,
        hasEntered ? '1' : '',
        lock?.token ?? '',
        keys.turns,
        id,
        entry.enteredAt,
        entry.ttl,
      ],
    )
    const [status] = answer as [number]
    if (status === isDone || status === wasDone) {
      lock?.wasReleased()
      // One that is wrapped, or of another store.
      if (!lock) await unlock?.release()
    }
    return answer as [number, Buffer | number | undefined]
  }
}

/** As the script answers. */
const isRefused = 0
const isDone = 1
const isRevoked = 2
const needsEntry = 3
const wasDone = 4

function connectionLost(): Error {
  return new Error('the connection to Redis was lost during a write')
}

function refused(current: SessionRecord | undefined): { ok: false; current?: SessionRecord } {
  return current ? { ok: false, current } : { ok: false }
}

function intact(id: SessionId, value: Buffer): SessionRecord | undefined {
  try {
    return unpackRecord(id, value)
  } catch (error) {
    if (error instanceof CorruptRecordError) return undefined
    throw error
  }
}
