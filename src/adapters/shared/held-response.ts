import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { ResponseHeaders } from '../../core/exchange.ts'
import { isPromise } from '../../core/maybe-promise.ts'
import type { MaybePromise } from '../../core/store.ts'
import { joined } from './caching.ts'

type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders'

const methods: readonly Method[] = ['writeHead', 'write', 'end', 'flushHeaders']

type AnyMethod = (...args: never[]) => unknown

/**
 * Is told that the commit failed, and whether the handler had written its response to the end. Returns whether it has
 * answered in the handler's stead; if not, someone will, and what is written from then on is that answer.
 */
type Fail = (error: unknown, isWhole: boolean) => boolean

interface Call {
  readonly method: Method
  args: unknown[]
}

/**
 * Holds what is written to a response until the session is committed, then lets it go in order. A request that never opened
 * its session is held for no time at all.
 */
export class HeldResponse {
  readonly #response: ServerResponse
  readonly #commit: () => MaybePromise<ResponseHeaders> | undefined
  readonly #fail: Fail
  /** The response's methods as they were: Node's, or those of whoever holds it too. */
  readonly #next = {} as Record<Method, AnyMethod>
  readonly #held = {} as Record<Method, AnyMethod>
  /** What was written meanwhile. Undefined: the response is not held. */
  #calls: Call[] | undefined = []
  /** Someone else answers: what still comes out of a wrapper, such as a compression, goes nowhere. */
  #isReplaced = false
  #committing: Promise<boolean> | undefined

  constructor(response: ServerResponse, commit: () => MaybePromise<ResponseHeaders> | undefined, fail: Fail) {
    this.#response = response
    this.#commit = commit
    this.#fail = fail
    for (const method of methods) {
      this.#next[method] = response[method] as AnyMethod
      this.#held[method] = (...args: unknown[]) => this.#intercept(method, args)
      this.#replace(method, this.#held[method])
    }
  }

  get hasBegun(): boolean {
    return this.#committing !== undefined || this.#calls === undefined
  }

  /** Whether the commit failed, so that the error was answered in the handler's stead. */
  get hasFailed(): Promise<boolean> {
    return this.#committing ?? Promise.resolve(false)
  }

  /** Commits first, as a logout holds although the handler threw, then answers in the handler's stead. */
  answer(respond: () => void): void {
    this.#begin(respond)
  }

  async commitUnanswered(): Promise<void> {
    if (this.hasBegun) return
    this.#begin(undefined)
    await this.#committing
  }

  #intercept(method: Method, args: unknown[]): unknown {
    const call: Call = { method, args }
    if (!this.#committing && this.#calls) this.#begin(undefined, call)
    const calls = this.#calls
    if (!calls) return this.#isReplaced ? swallow(this.#response, method)(...(args as never[])) : this.#pass(call)
    calls.push(call)
    return method === 'write' ? false : this.#response
  }

  /** Either `respond` answers, or the handler does, with this call to begin with. */
  #begin(respond: (() => void) | undefined, first?: Call): void {
    const committing = this.#commit()
    if (!isPromise(committing)) {
      this.#letGo()
      if (respond) this.#answer(committing ?? [], respond)
      else if (committing) this.#addHeaders(committing, first)
      return
    }
    showAsSent(this.#response, true)
    this.#committing = committing.then(
      (headers) => {
        const calls = this.#letGo()
        if (respond) this.#answer(headers, respond)
        else return this.#replay(calls, headers)
        return false
      },
      (error) => {
        this.#answerError(error, this.#letGo(), [])
        return true
      },
    )
  }

  /** What was held. From now on calls pass, whoever has kept one of the methods. */
  #letGo(): Call[] {
    const calls = this.#calls ?? []
    this.#calls = undefined
    showAsSent(this.#response, false)
    for (const method of methods) {
      // Whoever has wrapped a method since (a compression) goes on doing so.
      // Assigned, not deleted: an object that loses a property is slow from then on.
      if (this.#response[method] === this.#held[method]) this.#replace(method, this.#next[method])
    }
    return calls
  }

  #addHeaders(headers: ResponseHeaders, first: Call | undefined): void {
    if (first?.method === 'writeHead') first.args = adoptHead(this.#response, first.args)
    addHeaders(this.#response, headers)
  }

  #pass({ method, args }: Call): unknown {
    return this.#next[method].apply(this.#response, args as never[])
  }

  /** Says whether it failed: what Node refuses, such as a header with a line break, it can only refuse now. */
  #replay(calls: Call[], headers: ResponseHeaders): boolean {
    const response = this.#response
    const hasWrites = calls.some(({ method }) => method === 'write')
    let wasFull = false
    try {
      this.#addHeaders(headers, calls[0])
      for (let call = calls.shift(); call; call = calls.shift()) {
        const answer = this.#pass(call)
        if (call.method === 'write') wasFull = answer === false
      }
    } catch (error) {
      this.#answerError(error, calls, headers)
      return true
    }
    // Each held write answered "full"; a pipe waits for this.
    if (hasWrites && !wasFull) response.emit('drain')
    return false
  }

  #answerError(error: unknown, unwritten: readonly Call[], headers: ResponseHeaders): void {
    const isWhole = unwritten.some(({ method }) => method === 'end')
    let hasAnswered = true
    this.#isReplaced = true
    // Past whoever has wrapped a method since: a compression has begun with the response that is not sent.
    for (const method of methods) this.#replace(method, this.#next[method])
    this.#answer(headers, () => {
      hasAnswered = this.#fail(error, isWhole)
    })
    // The handler goes on writing its own answer, to no one.
    if (hasAnswered) for (const method of methods) this.#replace(method, swallow(this.#response, method))
    for (const { args } of unwritten) callBack(args)
  }

  /** Nothing that the handler had set for its own answer goes out with this one: no Location, no Content-Length. */
  #answer(headers: ResponseHeaders, respond: () => void): void {
    const response = this.#response
    try {
      if (!response.headersSent) {
        clear(response)
        addHeaders(response, headers)
      }
      respond()
    } catch (error) {
      console.error(error)
      response.destroy()
    }
  }

  #replace(method: Method, value: AnyMethod): void {
    ;(this.#response as unknown as Record<Method, AnyMethod>)[method] = value
  }
}

const isShownAsSent: unique symbol = Symbol('coatcheck shows the headers as sent')

const headersSent = {
  configurable: true,
  get(this: ServerResponse & { [isShownAsSent]?: boolean }): boolean {
    return this[isShownAsSent] === true || (Reflect.get(Object.getPrototypeOf(this), 'headersSent', this) as boolean)
  },
}

/** An error handler that asks must not begin a second answer. One getter for all responses, and it stays: an object that loses a property is slow from then on. */
function showAsSent(response: ServerResponse & { [isShownAsSent]?: boolean }, isShown: boolean): void {
  if (response[isShownAsSent] === undefined) {
    if (!isShown) return
    Object.defineProperty(response, 'headersSent', headersSent)
  }
  response[isShownAsSent] = isShown
}

/** Turns the headers given to `writeHead` into set ones, so that ours can join them, and returns what is left to pass on. */
function adoptHead(response: ServerResponse, args: unknown[]): unknown[] {
  const [status, ...rest] = args
  const message = typeof rest[0] === 'string' ? [rest.shift()] : []
  const given = rest.find((value) => typeof value === 'object' && value !== null)
  if (Array.isArray(given)) {
    const pairs: unknown[][] = Array.isArray(given[0])
      ? given
      : given.flatMap((name, index) => (index % 2 ? [] : [[name, given[index + 1]]]))
    for (const name of new Set(pairs.map(([name]) => String(name)))) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(String(name), value as string | string[])
  } else {
    for (const [name, value] of Object.entries(given ?? {})) {
      if (value !== undefined) response.setHeader(name, value as OutgoingHttpHeader)
    }
  }
  return [status, ...message]
}

function addHeaders(response: ServerResponse, headers: ResponseHeaders): void {
  const setsCookie = headers.some(([name]) => name === 'set-cookie')
  for (const header of headers) {
    const [name, value] = header
    const existing = response.getHeader(name)
    const text = existing === undefined ? undefined : String(existing)
    if (name === 'set-cookie') response.appendHeader(name, value)
    else response.setHeader(name, joined(header, text, setsCookie))
  }
}

/** They speak of the site and hold for whatever it answers: a 503 without HSTS is a hole (OWASP ASVS 3.4.1). */
const ofTheSite =
  /^(strict-transport-security|content-security-policy(-report-only)?|x-content-type-options|x-frame-options|referrer-policy|permissions-policy|cross-origin-(opener|embedder|resource)-policy)$/

function clear(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) if (!ofTheSite.test(name)) response.removeHeader(name)
  response.statusCode = 200
  response.statusMessage = undefined as unknown as string
}

function swallow(response: ServerResponse, method: Method): AnyMethod {
  return (...args: unknown[]) => {
    callBack(args)
    return method === 'write' ? true : response
  }
}

function callBack(args: unknown[]): void {
  const callback = args.findLast((value) => typeof value === 'function')
  if (callback) queueMicrotask(callback as () => void)
}
