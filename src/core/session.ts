import { commit } from './commit.ts'
import type { DeepReadonly, Values } from './data.ts'
import type { Engine } from './engine.ts'
import { isFinal, SessionError } from './errors.ts'
import { Flash, type FlashMessages } from './flash.ts'
import { type Duration, milliseconds } from './lifetime.ts'
import type { Device, PendingSignIn } from './record-body.ts'
import { reauthenticationRequired } from './refusals.ts'
import { isSignIn, type SessionState } from './state.ts'
import type { SessionId } from './store.ts'
import { handleOf, randomName } from './ticket.ts'
import { update } from './update.ts'

/** How `signIn` goes about it. */
export interface SignInOptions<Data> {
  /** Stay signed in by the `remember` lifetime, in a cookie that outlives the browser's session. Default: as it was for this user, else false. */
  readonly remember?: boolean
  /** Keys that pass into the signed-in session. Default: all, from an anonymous session; none, from another user's. */
  readonly keep?: readonly (keyof Data & string)[]
}

/** What `signOut` leaves the visitor. */
export interface SignOutOptions<Data> {
  /** Keys that the visitor goes on with, in a fresh anonymous session. Default: none. */
  readonly keep?: readonly (keyof Data & string)[]
}

/** For the rest of core. */
export let stateOf: <Data>(session: Session<Data>) => SessionState

/**
 * What a handler reads and changes during one request.
 *
 * No `await` = a decision, applied when the session is committed, before the first byte of the response leaves.
 * `await` = a round trip to the store, now.
 */
export class Session<Data> {
  readonly #engine: Engine
  readonly #state: SessionState
  #ended: AbortSignal | undefined

  static {
    stateOf = (session) => session.#state
  }

  /** Sessions are made by `sessions.open()`. */
  constructor(engine: Engine, state: SessionState) {
    this.#engine = engine
    this.#state = state
  }

  /**
   * The application's data: a plain object to read, assign and push into, like PHP's `$_SESSION`. What has changed is found
   * by comparing its stored form. After the commit it can still be read; changes made then are lost.
   */
  get data(): Data {
    return this.#state.draft.data as Data
  }

  /** Whether the visitor has a stored session. An anonymous visitor for whom nothing was stored has none, and no cookie. */
  get isStored(): boolean {
    return this.#state.live !== undefined
  }

  /**
   * Whether the store could not be asked, so that this is an anonymous session in place of the visitor's own: "You are
   * browsing as a guest for the moment." Only with `whenUnavailable: 'anonymous-read-only'`. Whatever should be stored,
   * a sign-in or sign-out included, is refused with `ERR_STORE_UNAVAILABLE`, and the cookie stays as it is.
   */
  get isStandIn(): boolean {
    return this.#state.unavailable !== undefined
  }

  /** The signed-in user, as given to `signIn`. */
  get userId(): string | undefined {
    return this.#state.privilege?.userId ?? this.#state.live?.record.userId
  }

  /** The key of the stored record: a hash, the same for the life of the session. It opens nothing. */
  get id(): SessionId | undefined {
    return this.#state.live?.record.id
  }

  /** A short public name for lists and logs, to be given to `sessions.ofUser(…).revoke()`. */
  get handle(): string | undefined {
    return this.id && handleOf(this.id)
  }

  /** When the record was stored first. */
  get createdAt(): Date | undefined {
    return date(this.#state.live?.body.createdAt)
  }

  /** When the visitor was last seen, as stored: up to `touchInterval` ago, and before this request. */
  get lastSeenAt(): Date | undefined {
    return date(this.#state.live?.record.lastSeenAt)
  }

  /** When the user last proved who they are. `requireRecent` refuses where this is too long ago. */
  get authenticatedAt(): Date | undefined {
    if (this.#state.privilege?.userId !== undefined) return new Date(this.#engine.clock())
    return date(this.#state.live?.body.authenticatedAt)
  }

  /** Whether a guard wants the user to prove again who they are, so that `requireRecent` refuses: for a banner with a link to the form. */
  get isStepUpNeeded(): boolean {
    return this.#state.isStepUpNeeded && this.#state.privilege?.userId === undefined
  }

  /** The user whose sign-in has begun and waits for a second factor. They are not signed in: `userId` is undefined. */
  get pendingUserId(): string | undefined {
    const { privilege } = this.#state
    return isSignIn(privilege) ? privilege?.pendingUserId : this.#pending?.userId
  }

  /** The device that the user signed in with, where the option `device` describes it. */
  get device(): Device | undefined {
    return this.#state.live?.body.device
  }

  /** When the session ends unless the visitor comes back, as stored. */
  get expiresAt(): Date | undefined {
    return date(this.#state.live?.record.expiresAt)
  }

  /** When the session ends in any case. */
  get absoluteExpiresAt(): Date | undefined {
    return date(this.#state.live?.body.deadline)
  }

  /** When the cookie was last replaced. */
  get rotatedAt(): Date | undefined {
    return date(this.#state.live?.body.rotatedAt)
  }

  /** Whether the session lives by the `remember` lifetime. */
  get isRemembered(): boolean {
    return this.#state.privilege?.isRemembered ?? this.#state.live?.body.remembered ?? false
  }

  /**
   * Aborts when this session is destroyed, revoked or expired, in any process, within about a second. For responses that
   * stay open. Never aborts for a visitor without a stored session.
   */
  get ended(): AbortSignal {
    const { live, exchange } = this.#state
    if (!live) return new AbortController().signal
    this.#ended ??= this.#engine.ended.watch(live.record.id, (listener) => exchange.onClose(listener))
    return this.#ended
  }

  /** Messages for the next page, each shown once (post/redirect/get). */
  get flash(): FlashMessages {
    this.#state.flash ??= new Flash(
      () => this.#state.live?.body.flash,
      (method) => this.#assertOpen(method),
      () => randomName(this.#engine.randomBytes),
    )
    return this.#state.flash
  }

  /**
   * The visitor has proved to be this user. The cookie is replaced and the old one is dead at once, so that nobody who
   * planted or saw it gains anything (OWASP: renew the session ID after any privilege level change). Again for the same user,
   * it renews `authenticatedAt` and both time limits: call it whenever they have proved it anew.
   *
   * An anonymous session's data stays, or what `keep` names. On another user's session, that session ends and the data
   * starts empty. Throws `ERR_SESSION_REVOKED` at commit when the user's sessions were all ended since this request arrived,
   * `ERR_SESSION_LIMIT` when they are as many as `sessionsPerUser` allows.
   */
  signIn(userId: string, { remember, keep }: SignInOptions<Data> = {}): void {
    this.#assertOpen('signIn')
    checkUserId('signIn', userId)
    const isRemembered = remember ?? (this.userId === userId && this.isRemembered)
    this.#leaveOthers(userId, keep)
    this.#state.privilege = { userId, isRemembered, keep }
  }

  /**
   * The visitor has proved the first of two factors to be this user, and is not signed in yet: `userId` stays undefined and
   * `pendingUserId` names them, for `pendingTimeout`. The cookie is replaced, as at every change of privilege. Data is kept as by `signIn`.
   *
   * @example
   * session.beginSignIn(user.id) // the password was right
   * // … on the next page, with the code that the user typed:
   * if (await isRightCode(session.pendingUserId, code)) session.completeSignIn()
   */
  beginSignIn(userId: string, { keep }: Pick<SignInOptions<Data>, 'keep'> = {}): void {
    this.#assertOpen('beginSignIn')
    checkUserId('beginSignIn', userId)
    this.#leaveOthers(userId, keep)
    this.#state.privilege = { pendingUserId: userId, keep }
  }

  /**
   * The user of `pendingUserId` has proved the second factor, and is signed in. Throws `ERR_REAUTHENTICATION_REQUIRED` where no
   * sign-in is pending, or it has been for too long; `ERR_SESSION_REVOKED` at commit when the user's sessions were all ended since it began.
   */
  completeSignIn({ remember, keep }: SignInOptions<Data> = {}): void {
    this.#assertOpen('completeSignIn')
    const pending = this.#pending
    if (!pending) throw reauthenticationRequired('no sign-in is pending, or it was begun too long ago: begin again')
    this.signIn(pending.userId, { ...(remember !== undefined && { remember }), ...(keep && { keep }) })
    this.#state.privilege = { ...this.#state.privilege, begunAt: pending.openedAt }
  }

  /**
   * The user's id, if they have proved who they are within that time: for what matters more than the rest, such as a change of the
   * password or a payment (OWASP ASVS 7.5.1, 7.5.3). Otherwise, and where nobody is signed in, throws `ERR_REAUTHENTICATION_REQUIRED`, a 403: ask for the
   * password, then `signIn` again.
   *
   * @example
   * const userId = session.requireRecent('5m')
   */
  requireRecent(within: Duration): string {
    const ms = milliseconds('requireRecent(within)', within)
    const { userId, authenticatedAt } = this
    if (userId === undefined || !authenticatedAt) throw reauthenticationRequired('nobody is signed in')
    if (this.isStepUpNeeded) throw reauthenticationRequired('a guard wants the user to prove again who they are')
    if (this.#engine.clock() - authenticatedAt.getTime() > ms)
      throw reauthenticationRequired(`the user signed in longer ago than ${within}`)
    return userId
  }

  /** The record is deleted; the visitor goes on as an anonymous one, with the data that `keep` names. */
  signOut({ keep = [] }: SignOutOptions<Data> = {}): void {
    this.#assertOpen('signOut')
    this.#state.isSignedOut = true
    this.#state.privilege = undefined
    this.#leaveRecord(keep)
  }

  /** Record and cookie are gone (PHP's `session_destroy`, and the cookie with it). Twice is harmless. */
  destroy(): void {
    this.signOut()
  }

  /** Replaces the cookie now; the old one is dead at once (PHP's `session_regenerate_id(true)`). `signIn` does it by itself. */
  regenerateId(): void {
    this.#assertOpen('regenerateId')
    if (this.#state.live) this.#state.privilege ??= {}
  }

  /**
   * Changes the stored data, exactly, however many requests do so at once: `await session.update((data) => ++data.visits)`.
   * `change` runs on what is stored now plus this request's pending edits, perhaps more than once, so it must be synchronous
   * and do nothing else. Resolves to what it returned, when that is stored.
   */
  async update<T>(change: (data: Data) => T extends PromiseLike<unknown> ? never : T): Promise<T> {
    this.#assertOpen('update')
    return (await update(this.#engine, this.#state, change as (data: Values) => unknown)) as T
  }

  /** Commits now instead of before the first byte, and lets the next exclusive request in (PHP's `session_write_close`). */
  async save(): Promise<void> {
    this.#assertOpen('save')
    try {
      await commit(this.#engine, this.#state)
    } catch (error) {
      if (isFinal(error)) this.#state.failure = error
      throw error
    }
    const { live, draft } = this.#state
    if (live) draft.rebase(live.data)
  }

  get #pending(): PendingSignIn | undefined {
    const pending = this.#state.live?.body.pending
    return pending && this.#engine.clock() - pending.openedAt < this.#engine.pendingMs ? pending : undefined
  }

  /** What another user did in this session, or has begun in it, is none of this user's. */
  #leaveOthers(userId: string, keep: readonly string[] | undefined): void {
    const { live, newer } = this.#state
    const owner = (live?.record ?? newer)?.userId ?? live?.body.pending?.userId
    if (owner !== undefined && owner !== userId) this.#leaveRecord(keep ?? [])
    else if (keep) this.#state.draft.keepOnly(keep)
  }

  /** The record will be deleted; what follows belongs to a new session. */
  #leaveRecord(keep: readonly string[]): void {
    const { live, newer, ending, draft } = this.#state
    if (live) ending.push({ id: live.record.id, userId: live.record.userId })
    if (newer?.isTheirs) ending.push(newer)
    this.#state.newer = undefined
    this.#state.live = undefined
    draft.startAnew(keep)
  }

  #assertOpen(method: string): void {
    if (!this.#state.isSettled) return
    const message = `session.${method}() came after the first byte of the response, when the session had been committed`
    throw new SessionError('ERR_SESSION_SETTLED', message)
  }
}

/** A session that was opened `read-only`: nothing in it can be changed, and reading it never waits for a writer. */
export type ReadonlySession<Data> = Omit<
  Session<Data>,
  | 'data'
  | 'flash'
  | 'signIn'
  | 'beginSignIn'
  | 'completeSignIn'
  | 'signOut'
  | 'destroy'
  | 'regenerateId'
  | 'update'
  | 'save'
> & { readonly data: DeepReadonly<Data> }

function date(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time)
}

function checkUserId(method: string, userId: string): void {
  // A half of a surrogate pair can't be stored: two users would become one.
  if (typeof userId !== 'string' || userId === '' || userId.length > 256 || /\p{Surrogate}/u.test(userId))
    throw new TypeError(`${method}(userId): userId must be a well-formed string of 1 to 256 characters`)
}
