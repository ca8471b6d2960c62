import type { DeepReadonly, Values } from './data.ts'
import { Draft } from './draft.ts'
import { endRecord, tellEnd } from './end-record.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { Device } from './record-body.ts'
import { type Session, stateOf } from './session.ts'
import type { Stored } from './state.ts'
import type { SessionId } from './store.ts'
import { handleOf } from './ticket.ts'
import { updateStored } from './update.ts'
import { recordsOf } from './user-records.ts'

/** One of a user's sessions, for a page such as "your devices". */
export interface SessionSummary<Data> {
  readonly handle: string
  readonly userId: string
  /** Whether it is the session that `list` was told to be the current one: "this device". */
  readonly isCurrent: boolean
  /** What the option `device` made of the request that signed in. */
  readonly device: Device | undefined
  readonly createdAt: Date
  readonly authenticatedAt: Date | undefined
  readonly lastSeenAt: Date
  readonly expiresAt: Date
  /** Whether it was signed in with `{ remember: true }`. */
  readonly isRemembered: boolean
  /** Throws `ERR_SESSION_DATA` where the data is sealed for its visitor alone. */
  readonly data: DeepReadonly<Data>
}

const sealedData = {
  enumerable: false,
  get: (): never => {
    throw new SessionError(
      'ERR_SESSION_DATA',
      'the data is sealed for its visitor: only a request of theirs can read it',
    )
  },
}

/** The sessions of one user, in whichever process they were opened. Each call is a round trip to the store. */
export class UserSessions<Data> {
  readonly userId: string
  readonly #engine: Engine

  /** Made by `sessions.ofUser(userId)`. */
  constructor(engine: Engine, userId: string) {
    this.#engine = engine
    this.userId = userId
  }

  /** The live sessions, the one seen last first. No ID, ticket or secret is in them. */
  async list({ current }: { current?: Pick<Session<Data>, 'id'> | undefined } = {}): Promise<SessionSummary<Data>[]> {
    const summaries: SessionSummary<Data>[] = []
    for await (const { record, body, data, seal } of recordsOf(this.#engine, this.userId)) {
      const summary = {
        handle: handleOf(record.id),
        userId: this.userId,
        isCurrent: record.id === current?.id,
        device: body.device,
        createdAt: new Date(body.createdAt),
        authenticatedAt: body.authenticatedAt === undefined ? undefined : new Date(body.authenticatedAt),
        lastSeenAt: new Date(record.lastSeenAt),
        expiresAt: new Date(record.expiresAt),
        isRemembered: body.remembered === true,
        data: new Draft(this.#engine.codec, () => ({}), data).data as DeepReadonly<Data>,
      }
      summaries.push(seal?.closed ? Object.defineProperty(summary, 'data', sealedData) : summary)
    }
    return summaries.sort((one, other) => other.lastSeenAt.getTime() - one.lastSeenAt.getTime())
  }

  /** Ends one session. False when this user has none with that handle: another user's is never touched. */
  async revoke(handle: string): Promise<boolean> {
    const found = await this.#find(handle)
    if (!found) return false
    await endRecord(this.#engine, found.record, 'revoked')
    return true
  }

  /**
   * Ends all of the user's sessions but `except`, and says how many. Sign-ins under way, whose password was checked before
   * this call, are refused (`ERR_SESSION_REVOKED`), but for a sign-in on `except` itself.
   */
  async revokeAll({ except }: { except?: Session<Data> | undefined } = {}): Promise<number> {
    // A sign-in that arrived in this very millisecond counts as before.
    const notBefore = this.#engine.clock() + 1
    const known: SessionId[] = []
    for await (const { record } of recordsOf(this.#engine, this.userId))
      if (record.id !== except?.id) known.push(record.id)
    const count = await this.#engine.calls.deleteByUser(this.userId, notBefore, except?.id)
    for (const id of known) tellEnd(this.#engine, { id, userId: this.userId }, 'revoked')
    if (except) stateOf(except).exceptedAt = notBefore
    return count
  }

  /** Changes the data of one session, exactly. Resolves to what `change` returned, or to undefined when there is no such session. */
  async update<T>(
    handle: string,
    change: (data: Data) => T extends PromiseLike<unknown> ? never : T,
  ): Promise<T | undefined> {
    const found = await this.#find(handle)
    if (!found) return undefined
    if (found.seal?.closed) sealedData.get()
    let isOurs = true
    const accepts = (theirs: Stored | undefined): boolean => {
      isOurs = theirs?.record.userId === this.userId
      return isOurs
    }
    const { result } = await updateStored(this.#engine, found, accepts, change as (data: Values) => unknown)
    return isOurs ? (result as T) : undefined
  }

  async #find(handle: string): Promise<Stored | undefined> {
    for await (const stored of recordsOf(this.#engine, this.userId))
      if (handleOf(stored.record.id) === handle) return stored
    return undefined
  }
}
