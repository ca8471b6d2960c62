export type Argument = string | Buffer
/** Text and bytes come as a Buffer, which both clients hand through as they are. */
export type Reply = Buffer | string | number | null | readonly Reply[] | { readonly [key: string]: Reply }

/** One server: the only one, or one of a cluster's masters. */
export type Server = (...command: readonly [string, ...Argument[]]) => Promise<Reply>

/** The few things that are asked of a client, the same for each kind. */
export interface Connection {
  readonly isCluster: boolean
  /** Does the client send again, by itself, what was not answered when the connection was lost? */
  readonly isResending: boolean
  /** Is a command sent at once? When not, the client would keep it until it is connected again, however long that takes. */
  isReady(): boolean
  /** Sends a command to the master that keeps the key. */
  send(key: string, ...command: readonly [string, ...Argument[]]): Promise<Reply>
  masters(): Promise<readonly Server[]>
  /** Tells when the client has connected, also to another server, and when it has lost a connection. Returns a function that stops it. */
  watch(listener: { connected(): void; lost(): void }): () => void
  /** Opens a connection of the store's own. When it is lost it does not come back by itself. */
  openSubscriber(
    channels: readonly string[],
    onMessage: (channel: string, message: string) => void,
  ): Promise<Subscriber>
}

export interface Subscriber {
  /** Resolves when the connection is lost or closed. */
  readonly lost: Promise<void>
  ping(): Promise<unknown>
  close(): void
}
