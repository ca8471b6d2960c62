import { type CookiePlan, cookieValues } from './cookie.ts'
import { Draft } from './draft.ts'
import { endRecord } from './end-record.ts'
import type { Engine } from './engine.ts'
import { CorruptRecordError, SessionError } from './errors.ts'
import { isWatched, publish, type SessionEvents } from './events.ts'
import type { Exchange } from './exchange.ts'
import { andThen, isPromise } from './maybe-promise.ts'
import { NewerRecordError, parseBody } from './record-body.ts'
import { openBody, openContents } from './sealed-body.ts'
import type { Live, Mode, SessionState, Stored, Turn } from './state.ts'
import type { Lock, MaybePromise, SessionRecord } from './store.ts'
import { handleOf, hashSecret, isSameHash, parseTicket, sessionIdOf, type Ticket } from './ticket.ts'

/** The most that a record holds beside the data: twenty flash messages of 4,096 characters, six bytes each at worst. */
const protocolBytes = 2 ** 19

type Rejection = SessionEvents['rejected']['reason']

/** What a ticket turned out to be worth. Whatever is not right is an anonymous visitor; only a store that fails throws, unless the visitor may look on as a guest meanwhile. */
type Standing =
  | { readonly live: Live; readonly draft: Draft }
  | {
      readonly rejected: Rejection
      readonly newer?: SessionState['newer']
      readonly reused?: SessionRecord | undefined
    }
  | { readonly unavailable: SessionError }

/** At once where the store answers at once and no turn is waited for. */
export function openState(
  engine: Engine,
  exchange: Exchange,
  cookie: CookiePlan,
  arrivedAt: number,
  { mode, touches }: { mode: Mode | 'auto'; touches: boolean },
): MaybePromise<SessionState> {
  const values = cookieValues(exchange.header('cookie'), cookie.name)
  const resolved = mode !== 'auto' ? mode : /^(GET|HEAD|OPTIONS)$/.test(exchange.method) ? 'shared' : 'exclusive'
  const visit: Visit = { exchange, cookie, mode: resolved, touches, hadCookie: values.length > 0, arrivedAt }
  if (values.length === 0) return stateOf(engine, visit, undefined, undefined)
  return andThen(answerReuse(engine, judgeCookie(engine, visit, values)), (standing) => {
    if (resolved !== 'exclusive' || !('live' in standing)) return stateOf(engine, visit, standing, undefined)
    const { ticket, record } = standing.live
    return takeTurn(engine, ticket, record).then((taken) => stateOf(engine, visit, taken.standing, taken.turn))
  })
}

type Visit = Pick<SessionState, 'exchange' | 'cookie' | 'mode' | 'touches' | 'hadCookie' | 'arrivedAt'>

function stateOf(
  engine: Engine,
  { exchange, cookie, mode, touches, hadCookie, arrivedAt }: Visit,
  standing: Standing | undefined,
  turn: Turn | undefined,
): SessionState {
  const opened = standing && 'live' in standing ? standing : undefined
  return {
    exchange,
    cookie,
    mode,
    touches,
    hadCookie,
    unavailable: standing && 'unavailable' in standing ? standing.unavailable : undefined,
    isSpent: standing !== undefined && 'rejected' in standing && standing.rejected === 'spent',
    newer: standing && 'rejected' in standing ? standing.newer : undefined,
    arrivedAt,
    exceptedAt: undefined,
    guardNotes: undefined,
    isStepUpNeeded: false,
    isRotationWanted: false,
    isCookieHeld: false,
    live: opened?.live,
    draft: opened?.draft ?? new Draft(engine.codec, engine.initial),
    privilege: undefined,
    ending: [],
    isSignedOut: false,
    flash: undefined,
    turn,
    failure: undefined,
    setCookie: undefined,
    isSettled: false,
  }
}

/**
 * A record with its body taken apart, or undefined where it is none of ours, damaged, or past its absolute deadline. What is
 * bound to the visitor stays closed, unless `visitor` is who has the same session open.
 */
export function unpack(engine: Engine, record: SessionRecord, visitor?: Stored | Live): Stored | undefined {
  const stored = takeApart(engine, record)
  if (!stored || stored instanceof NewerRecordError || engine.clock() >= stored.body.deadline) return undefined
  const isTheirs = visitor && 'ticket' in visitor && visitor.body.epoch === stored.body.epoch
  return isTheirs ? openFor(engine, stored, visitor) : stored
}

function takeApart(engine: Engine, record: SessionRecord): Stored | NewerRecordError | undefined {
  try {
    const parts = engine.cipher ? openBody(engine.cipher, record) : parseBody(record.body)
    return parts.body.codec === engine.codec.name ? { record, ...parts } : undefined
  } catch (error) {
    if (error instanceof NewerRecordError) return error
    if (error instanceof CorruptRecordError) return undefined
    throw error
  }
}

/** The contents too, for a visitor whose secret was checked. */
function openFor(
  { cipher }: Engine,
  stored: Stored,
  { ticket, hash }: Pick<Live, 'ticket' | 'hash'>,
): Stored | undefined {
  if (!cipher || !stored.seal?.closed) return stored
  const holder = { secret: ticket.secret, isPrevious: hash !== stored.body.current }
  try {
    return { record: stored.record, ...openContents(cipher, stored.record, stored, holder) }
  } catch (error) {
    if (error instanceof CorruptRecordError) return undefined
    throw error
  }
}

function judgeCookie(engine: Engine, visit: Visit, values: string[]): MaybePromise<Standing> {
  // Two cookies of one name: a neighbour host has planted one (RFC 6265bis §8.6), and no server can tell which.
  if (values.length > 1) return reject('doubled')
  const ticket = parseTicket(values[0]!)
  if (!ticket) return reject('malformed')
  const id = sessionIdOf(visit.cookie.name, ticket.sid)
  const found = (record: SessionRecord | undefined): Standing =>
    record ? judge(engine, ticket, record) : reject('unknown', id)
  const failed = (error: unknown): Standing => {
    if (error instanceof CorruptRecordError) return reject('corrupt', id)
    if (mayLookOn(engine, visit) && error instanceof SessionError && error.code === 'ERR_STORE_UNAVAILABLE')
      return { unavailable: error }
    throw error
  }
  try {
    const answer = engine.calls.read(id)
    return isPromise(answer) ? answer.then(found, failed) : found(answer)
  } catch (error) {
    return failed(error)
  }
}

/** One of the two who hold the cookies of this session is not its visitor, and no server can tell which: it ends for both. */
function answerReuse(engine: Engine, judging: MaybePromise<Standing>): MaybePromise<Standing> {
  if (engine.onReuse === 'report') return judging
  return andThen(judging, (standing) => {
    const reused = 'rejected' in standing ? standing.reused : undefined
    if (!reused) return standing
    // Where the store fails, this visitor is anonymous all the same, and the next use tries again.
    return endRecord(engine, reused, 'reuse').then(
      () => standing,
      () => standing,
    )
  })
}

/** Unsafe methods fail closed in any case: who posts a form as a guest would take it for done. */
function mayLookOn({ whenUnavailable }: Engine, { exchange, mode }: Visit): boolean {
  return whenUnavailable === 'anonymous-read-only' && mode !== 'exclusive' && /^(GET|HEAD)$/.test(exchange.method)
}

/** Checks the presented secret against the record (rules R1 to R3). */
function judge(engine: Engine, ticket: Ticket, record: SessionRecord): Standing {
  const stored = record.body.byteLength > engine.maxBytes + protocolBytes ? undefined : takeApart(engine, record)
  if (!stored) return reject('corrupt', record.id)
  const hash = hashSecret(ticket.secret)
  if (stored instanceof NewerRecordError) {
    const { id, userId } = record
    return { ...reject('newer', id), newer: { id, userId, isTheirs: isSameHash(hash, stored.current) } }
  }
  const { body } = stored
  const now = engine.clock()
  if (now >= body.deadline) return reject('expired', record.id)
  const { current, previous } = body
  if (!isSameHash(hash, current)) {
    const isPrevious = previous !== undefined && isSameHash(hash, previous.hash)
    const isOver = isPrevious && previous.confirmedAt !== undefined && now >= previous.confirmedAt + engine.graceMs
    const isSpent = isOver || body.spent.some((spent) => isSameHash(hash, spent))
    if (!isSpent && !isPrevious) return reject('wrong-secret', record.id)
    if (isSpent) {
      // Those under way when the cookie was replaced may still come with the old one.
      const isReuse = now >= (isOver ? previous.confirmedAt : body.rotatedAt) + engine.graceMs
      if (isReuse) publish('suspicious', { handle: handleOf(record.id), userId: record.userId })
      return { ...reject('spent', record.id), reused: isReuse ? record : undefined }
    }
  }
  const opened = openFor(engine, stored, { ticket, hash })
  if (!opened) return reject('corrupt', record.id)
  return { live: { ...opened, ticket, hash }, draft: new Draft(engine.codec, engine.initial, opened.data) }
}

/** Waits for this request's turn, then judges again what is stored by then (rule X2). */
async function takeTurn(
  engine: Engine,
  ticket: Ticket,
  { id }: SessionRecord,
): Promise<{ standing: Standing; turn: Turn | undefined }> {
  const { hold, leave, waited } = await takePlace(engine, id)
  try {
    const locked = await engine.calls.lockAndRead(id, engine.leaseMs, Math.max(1, engine.lockWaitMs - waited))
    if (!locked) {
      leave()
      return { standing: reject('unknown', id), turn: undefined }
    }
    hold()
    const turn = makeTurn(engine, locked.lock, leave)
    const standing = judge(engine, ticket, locked.record)
    if ('live' in standing) return { standing, turn }
    await turn.release()
    return { standing, turn: undefined }
  } catch (error) {
    leave()
    if (error instanceof CorruptRecordError) return { standing: reject('corrupt', id), turn: undefined }
    throw error
  }
}

/** A place in this process's queue, whose changes are told. */
interface Place {
  /** The store's lock is there too. */
  readonly hold: () => void
  readonly leave: () => void
  /** Milliseconds. */
  readonly waited: number
}

async function takePlace({ turns, lockWaitMs }: Engine, id: SessionRecord['id']): Promise<Place> {
  let state: SessionEvents['turn']['state'] = 'waiting'
  const tell = (next: SessionEvents['turn']['state'], waited = 0): void => {
    state = next
    // A handle is a hash, and not worth making for nobody.
    if (!isWatched('turn')) return
    const handle = handleOf(id)
    publish('turn', next === 'holding' ? { handle, state: next, waited } : { handle, state: next })
  }
  const startedAt = performance.now()
  tell('waiting')
  try {
    const letNextIn = await turns.take(id, lockWaitMs)
    const waited = performance.now() - startedAt
    return {
      waited,
      hold: () => tell('holding', waited),
      leave() {
        if (state === 'waiting') tell('given-up')
        else if (state === 'holding') tell('left')
        letNextIn()
      },
    }
  } catch (error) {
    tell('given-up')
    throw error
  }
}

/** Renews the lease while the handler is at work, four times at most: a handler that hangs must not stop the visitor for ever. */
function makeTurn(engine: Engine, lock: Lock, leave: () => void): Turn {
  let renewals = 0
  const renew = async (): Promise<void> => {
    if (++renewals < 4) timer.refresh()
    else leave()
    // If it fails, the lease runs out, and `turn` fences this request: it will be told ERR_SESSION_CONFLICT if another came in between.
    await engine.calls.renew(lock, engine.leaseMs)
  }
  const timer = setTimeout(renew, engine.leaseMs / 2)
  timer.unref?.()
  return {
    lock,
    leave() {
      clearTimeout(timer)
      leave()
    },
    async release() {
      clearTimeout(timer)
      await engine.calls.release(lock)
      leave()
    },
  }
}

function reject(reason: Rejection, id?: SessionRecord['id']): { readonly rejected: Rejection } {
  publish('rejected', { handle: id && handleOf(id), reason })
  return { rejected: reason }
}
