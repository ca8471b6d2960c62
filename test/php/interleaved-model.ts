import fc from 'fast-check'
import type { Operation } from './differential/operations.ts'

type Data = Map<string, unknown>

/** What a visitor should find: the sessions by their ids, each as it was last stored. */
export class Model {
  readonly stored = new Map<string, Data>()
  readonly #isStrict: boolean
  /** The cookie's id. */
  #jar: string | undefined

  constructor(isStrict: boolean) {
    this.#isStrict = isStrict
  }

  get jar(): string | undefined {
    return this.#jar
  }

  /** A request arrives. Its steps say what should be seen after each; the id of a new session is the server's to choose. */
  request(): RequestModel {
    return new RequestModel(this.stored, this.#isStrict, this.#jar)
  }

  /** The response has arrived, with this id in its cookie if any. */
  end(request: RequestModel, cookie: string | undefined): void {
    request.writeClose()
    this.#jar = cookie ?? this.#jar
  }
}

class RequestModel {
  isActive = false
  id: string | undefined
  data: Data = new Map()
  /** Whether a cookie should have been sent. */
  isCookieSent = false
  readonly #stored: Map<string, Data>
  readonly #isStrict: boolean
  readonly #jar: string | undefined

  constructor(stored: Map<string, Data>, isStrict: boolean, jar: string | undefined) {
    this.#stored = stored
    this.#isStrict = isStrict
    this.#jar = jar
  }

  /** `seenId`: the id that the server tells after the step. False where it had no right to it. */
  step([name, [key, value]]: Operation, seenId: string): boolean {
    const isRight = this.#step(name, key as string, value, seenId)
    return isRight && (this.id ?? '') === seenId
  }

  writeClose(): void {
    if (this.isActive) this.#stored.set(this.id!, structuredClone(this.data))
    this.isActive = false
  }

  #step(name: string, key: string, value: unknown, seenId: string): boolean {
    if (name === 'set') this.data.set(key, structuredClone(value))
    else if (name === 'delete') this.data.delete(key)
    else if (name === 'push') this.data.set(key, [...((this.data.get(key) as unknown[] | undefined) ?? []), value])
    else if (name === 'start') return this.isActive || this.#start(seenId)
    else if (!this.isActive) return true
    else if (name === 'unset') this.data.clear()
    else if (name === 'write_close') this.writeClose()
    else if (name === 'abort') this.isActive = false
    else if (name === 'reset') this.data = structuredClone(this.#stored.get(this.id!)!)
    else if (name === 'destroy') {
      this.#stored.delete(this.id!)
      this.id = undefined
      this.isActive = false
    } else if (name === 'regenerate_id') {
      if (key as unknown) this.#stored.delete(this.id!)
      else this.#stored.set(this.id!, structuredClone(this.data))
      this.isCookieSent = true
      return this.#begin(seenId)
    }
    return true
  }

  #start(seenId: string): boolean {
    this.isActive = true
    // PHP sends it again to a session that was started before in this request.
    if (this.id !== undefined) this.isCookieSent = true
    this.id ??= this.#jar
    const isKnown = this.id !== undefined && (!this.#isStrict || this.#stored.has(this.id))
    if (!isKnown) {
      this.data = new Map()
      this.isCookieSent = true
      return this.#begin(seenId)
    }
    this.data = structuredClone(this.#stored.get(this.id!) ?? new Map())
    if (!this.#stored.has(this.id!)) this.#stored.set(this.id!, new Map())
    return true
  }

  /** A session of its own, which is nobody else's. */
  #begin(seenId: string): boolean {
    const isFresh = seenId !== '' && !this.#stored.has(seenId) && seenId !== this.#jar
    this.id = seenId
    this.#stored.set(seenId, new Map())
    return isFresh
  }
}

export interface InterleavedPlan {
  readonly format: 'php' | 'php_serialize' | 'php_binary'
  readonly isStrict: boolean
  readonly isLazy: boolean
  readonly requests: readonly { readonly side: 'php' | 'node'; readonly operations: readonly Operation[] }[]
}

const scalar = fc.oneof(fc.constantFrom<unknown[]>(null, true, 0.5, 'text', 'naïve 🎩', ''), fc.integer())
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'b', 'é'), fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), {
    noNullPrototype: true,
  }),
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('n', 'user', 'é'), value).map((each): Operation => ['set', each]),
  },
  { weight: 3, arbitrary: scalar.map((each): Operation => ['push', ['cart', each]]) },
  { weight: 1, arbitrary: fc.constantFrom('n', 'cart').map((name): Operation => ['delete', [name]]) },
  { weight: 2, arbitrary: fc.boolean().map((deletes): Operation => ['regenerate_id', [deletes]]) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('write_close', 'start', 'abort', 'reset').map((name): Operation => [name, []]),
  },
  { weight: 1, arbitrary: fc.constantFrom('destroy', 'unset').map((name): Operation => [name, []]) },
)
const request = fc
  .record({ side: fc.constantFrom('php' as const, 'node' as const), rest: fc.array(operation, { maxLength: 5 }) })
  .map(({ side, rest }) => ({ side, operations: [['start', []] as Operation, ...rest] }))

/** Requests of one visitor, some answered by PHP, some by Node. */
export const interleaved: fc.Arbitrary<InterleavedPlan> = fc.record({
  format: fc.constantFrom<InterleavedPlan['format'][]>('php', 'php_serialize', 'php_binary'),
  isStrict: fc.boolean(),
  isLazy: fc.boolean(),
  requests: fc.array(request, { minLength: 2, maxLength: 8 }),
})
