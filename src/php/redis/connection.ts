export type Argument = string | Uint8Array
/** Text and bytes come as a Buffer. */
export type Reply = Buffer | string | number | null | readonly Reply[]

/** Sends one command. Rejects when the answer takes too long: then it may have been carried out, or may be yet. */
export type Send = (command: string, ...args: readonly Argument[]) => Promise<Reply>

/** A client of the caller's, for one server: of `redis` (`createClient`) or of `ioredis` (`Redis`). */
export type RedisClient = NodeRedisClient | IoRedisClient

/** What is called of a client of `redis`. */
export interface NodeRedisClient {
  readonly isReady: boolean
  sendCommand(args: readonly (string | Buffer)[], options?: object): Promise<unknown>
}

/** What is called of a client of `ioredis`. */
export interface IoRedisClient {
  readonly isCluster: boolean
  readonly options: { readonly keyPrefix?: string | undefined }
  callBuffer(command: string, ...args: (string | Buffer)[]): Promise<unknown>
}

/** Real clients wait for a frozen server for ever. */
const answerMs = 2_000

/** Bulk strings ('$' of the protocol) as bytes; and without the client's own deadline, which costs a timer more. */
const asBytes = { typeMapping: { 36: Buffer }, timeout: undefined }

/** Tells the clients apart. Throws a TypeError for a Cluster, on which PHP has no locks, and for what is no client. */
export function sender(client: RedisClient): Send {
  if (isIoRedis(client)) {
    if (client.isCluster) throw new TypeError('phpRedis needs a single Redis: on a Cluster, PHP does not lock sessions')
    if (client.options.keyPrefix)
      throw new TypeError('phpRedis has a `prefix` of its own: give it a client without `keyPrefix`')
    return (command, ...args) => answered(client.callBuffer(command, ...args.map(argument)))
  }
  if (isNodeRedis(client)) return (...command) => answered(client.sendCommand(command.map(argument), asBytes))
  throw new TypeError('phpRedis needs a client for a single Redis, of `redis` (createClient) or of `ioredis` (Redis)')
}

function isIoRedis(client: unknown): client is IoRedisClient {
  return typeof (client as Partial<IoRedisClient> | undefined)?.callBuffer === 'function'
}

function isNodeRedis(client: unknown): client is NodeRedisClient {
  const { sendCommand, isReady, acquire } = (client ?? {}) as { readonly [key: string]: unknown }
  // A cluster's client has no `isReady`; a Sentinel's lends clients out, and wants other arguments.
  return typeof sendCommand === 'function' && typeof isReady === 'boolean' && acquire === undefined
}

function argument(value: Argument): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function answered(answer: Promise<unknown>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${answerMs} ms`)), answerMs)
    answer.then((reply) => resolve(reply as Reply), reject).finally(() => clearTimeout(timer))
  })
}
