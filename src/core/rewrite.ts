import type { Sealing } from './cipher.ts'
import type { Texts } from './data.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import { expiryOf } from './lifetime.ts'
import { unpack } from './opening.ts'
import { type Body, formatBody } from './record-body.ts'
import { revoked, tooLarge, unclear } from './refusals.ts'
import { type Seal, sealBody } from './sealed-body.ts'
import type { Stored } from './state.ts'
import type { Lock, SessionId, SessionRecord, Version, Written } from './store.ts'
import { busy, TimedOut } from './store-calls.ts'
import { randomName } from './ticket.ts'

/** What a record shall hold next. */
export interface Next {
  readonly body: Body
  readonly data: Texts
  readonly userId?: string | undefined
  readonly openedAt?: number | undefined
  /** The secrets that open it from now on, where they change. */
  readonly secrets?: Sealing['secrets']
}

export interface Rewriting {
  /** What to write on top of what is stored now; undefined for nothing. Asked again after each conflict. */
  readonly plan: (theirs: Stored) => Next | undefined
  /** Throws, or answers false to give up quietly, when what is stored now (undefined: nothing) can't be built on. */
  readonly accepts: (theirs: Stored | undefined) => boolean
  readonly unlock?: Lock | undefined
}

/** Compare-and-set until it holds, bounded by time. Returns what was written, or undefined when there was nothing to write. */
export async function rewrite(
  engine: Engine,
  start: Stored,
  { plan, accepts, unlock }: Rewriting,
): Promise<Stored | undefined> {
  const until = performance.now() + engine.lockWaitMs
  let theirs = start
  let leave: (() => void) | undefined
  try {
    for (let conflicts = 0; ; conflicts++) {
      const next = plan(theirs)
      if (!next) return undefined
      const stored = makeRecord(engine, theirs.record.id, next, theirs)
      const written = await writeOnce(engine, stored.record, theirs.record.version, unlock)
      if (written.ok) {
        engine.cleanUp.afterWrite()
        return stored
      }
      if (written.reason === 'revoked') throw revoked()
      const current = written.current && unpack(engine, written.current, start)
      if (!accepts(current) || !current) return undefined
      theirs = current
      if (performance.now() > until) throw busy()
      // Those who keep running into each other queue up; the first tries are free.
      if (conflicts >= 2) leave ??= await engine.writes.take(theirs.record.id, until - performance.now())
    }
  } finally {
    leave?.()
  }
}

/** A record that was never stored before. */
export async function create(engine: Engine, id: SessionId, next: Next): Promise<Stored> {
  const stored = makeRecord(engine, id, next)
  const written = await engine.calls.write(stored.record, undefined)
  if (!written.ok) throw written.reason === 'revoked' ? revoked() : unclear()
  engine.cleanUp.afterWrite()
  return stored
}

/** After a failure that may have been a success, the identical write once more, which is idempotent (rule W2). Nothing else; and no second wait for a store that hangs. */
async function writeOnce(
  engine: Engine,
  record: SessionRecord,
  expected: Version,
  unlock: Lock | undefined,
): Promise<Written> {
  try {
    return await engine.calls.write(record, expected, unlock)
  } catch (error) {
    if (error instanceof TimedOut) throw error
    const written = await engine.calls.write(record, expected, unlock)
    if (!written.ok && written.reason !== 'revoked') throw unclear()
    return written
  }
}

function makeRecord(engine: Engine, id: SessionId, next: Next, before?: Stored): Stored {
  const { body, data, userId, openedAt } = next
  const now = engine.clock()
  const isSameEpoch = before?.body.epoch === body.epoch
  const expiresAt = expiryOf(body.remembered ? engine.remembered : engine.lifetime, now, body.deadline)
  if (data !== before?.data) checkSize(engine, data)
  const owner = { id, ...(userId !== undefined && { userId }) }
  const { bytes, seal } = pack(engine, owner, next, isSameEpoch ? before.seal : undefined)
  const record: SessionRecord = {
    ...owner,
    version: randomName(engine.randomBytes) as Version,
    // Clocks of several servers differ: a write moves neither time back. Only a change of privilege may shorten a session's life.
    expiresAt: Math.min(Math.max(expiresAt, isSameEpoch ? before.record.expiresAt : 0), body.deadline),
    lastSeenAt: Math.max(now, before?.record.lastSeenAt ?? 0),
    ...(openedAt !== undefined && { openedAt }),
    body: bytes,
  }
  return { record, body, data, seal }
}

function pack(
  { cipher }: Engine,
  owner: Pick<SessionRecord, 'id' | 'userId'>,
  { body, data, secrets }: Next,
  before: Seal | undefined,
): { readonly bytes: Uint8Array; readonly seal: Seal | undefined } {
  if (!cipher) return { bytes: formatBody(body, data), seal: undefined }
  if (before?.closed) throw new SessionError('ERR_SESSION_DATA', 'only its visitor can change what is sealed for them')
  return sealBody(cipher, owner, { body, data }, { before, secrets })
}

/** Throws `ERR_SESSION_TOO_LARGE`. Whoever changes the data, and whatever a merge made of it. */
function checkSize({ maxBytes }: Engine, data: Texts): void {
  let bytes = 0
  for (const [key, text] of data) bytes += Buffer.byteLength(key) + Buffer.byteLength(text)
  if (bytes > maxBytes) throw tooLarge(bytes, maxBytes)
}
