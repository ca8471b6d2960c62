import type { MaybePromise } from './store.ts'

/** One HTTP request and its response, as an adapter shows them to core. */
export interface Exchange {
  readonly method: string
  /** A request header by its lower-case name. Several Cookie lines come joined by `; `. */
  header(name: string): string | undefined
  /** Whether the browser's connection is https, told by the socket or by a proxy that the application trusts. */
  readonly secure: boolean
  /** The Host header, such as `localhost:3000`. */
  readonly host: string
  /** The visitor's IP address: the peer's, or what a proxy that the application trusts says it is. Undefined where the runtime doesn't tell. */
  readonly address?: string | undefined
  /** The client went away, so that no response can reach it. */
  readonly isAborted: boolean
  /** Calls back once, when the response has ended or the client has gone. */
  onClose(listener: () => void): void
}

/**
 * What a commit adds to the response: a cookie beside others, `Cookie` to what `Vary` says. The others take the place of the
 * application's, except that a `Cache-Control: no-store` leaves one that is as strict.
 */
export type ResponseHeaders = readonly (readonly [
  name: 'set-cookie' | 'cache-control' | 'vary' | 'expires' | 'pragma' | 'last-modified',
  value: string,
])[]

/** What an adapter needs of a `Sessions`, whatever its data. */
export interface CommitsSessions {
  attach(request: object, exchange: Exchange): boolean
  /** Where code finds its session without the request in hand: calls the handler so that it, and what it awaits, is this request's. */
  within?<T>(request: object, handler: () => T): T
  commit(request: object, outcome?: { readonly hasFailed?: boolean }): MaybePromise<ResponseHeaders> | undefined
}
