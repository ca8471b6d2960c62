import type { Argument, Connection, Reply, Server, Subscriber } from './connection.ts'

/** What is called of an `ioredis` client. */
export interface IoRedisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: { readonly keyPrefix?: string | undefined }
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>
  connect(): Promise<void>
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

interface SingleClient extends IoRedisClient {
  duplicate(overrides: object): SubscribingClient
}

interface ClusterClient extends IoRedisClient {
  readonly options: { readonly keyPrefix?: string | undefined; readonly scaleReads?: unknown }
  nodes(role: 'master'): SingleClient[]
}

interface SubscribingClient {
  connect(): Promise<void>
  subscribe(...channels: string[]): Promise<unknown>
  ping(): Promise<unknown>
  disconnect(): void
  on(event: string, listener: (channel: string, message: string) => void): unknown
}

export function isIoRedis(client: unknown): client is IoRedisClient {
  const { callBuffer, status } = (client ?? {}) as { [key: string]: unknown }
  return typeof callBuffer === 'function' && typeof status === 'string'
}

export function overIoRedis(client: IoRedisClient): Connection {
  const cluster = client.isCluster ? (client as ClusterClient) : undefined
  if (client.options.keyPrefix) {
    throw new TypeError('redisStore has a `prefix` of its own: give it a client without `keyPrefix`')
  }
  if (cluster && (cluster.options.scaleReads ?? 'master') !== 'master') {
    throw new TypeError("redisStore reads from masters alone: give it a Cluster with scaleReads: 'master', the default")
  }
  const masters = (): readonly SingleClient[] => (cluster ? cluster.nodes('master') : [client as SingleClient])
  return {
    isCluster: cluster !== undefined,
    // `autoResendUnfulfilledCommands`, on unless it is set otherwise; a Cluster does in any case, to whoever has the slot then.
    isResending: true,
    isReady() {
      // With `lazyConnect` the first command is what connects.
      if (client.status === 'wait') client.connect().catch(() => {})
      return client.status === 'ready' || client.status === 'end'
    },
    send: (_key, command, ...args) => call(client, command, args),
    masters: async () =>
      masters().map(
        (node): Server =>
          (command, ...args) =>
            call(node, command, args),
      ),
    watch({ connected, lost }) {
      const heard = [
        ...(cluster ? ['ready', '+node'] : ['ready']).map((event) => [event, connected] as const),
        ...(cluster ? ['close', '-node'] : ['close']).map((event) => [event, lost] as const),
      ]
      for (const [event, listener] of heard) client.on(event, listener)
      return () => {
        for (const [event, listener] of heard) client.off(event, listener)
      }
    },
    async openSubscriber(channels, onMessage) {
      const nodes = masters()
      const node = nodes[Math.floor(Math.random() * nodes.length)]
      if (!node) throw new Error('no master of the cluster is known')
      return subscribe(node.duplicate(onceOnly), channels, onMessage)
    },
  }
}

const onceOnly = { lazyConnect: true, retryStrategy: null, autoResubscribe: false }

function call(client: IoRedisClient, command: string, args: readonly Argument[]): Promise<Reply> {
  return client.callBuffer(command, ...args) as Promise<Reply>
}

async function subscribe(
  client: SubscribingClient,
  channels: readonly string[],
  onMessage: (channel: string, message: string) => void,
): Promise<Subscriber> {
  const lost = new Promise<void>((resolve) => {
    client.on('end', () => resolve())
    // The reason of an end; the one who tries again needs none.
    client.on('error', () => {})
  })
  client.on('message', onMessage)
  try {
    await client.connect()
    await client.subscribe(...channels)
  } catch (error) {
    client.disconnect()
    throw error
  }
  return { lost, ping: () => client.ping(), close: () => client.disconnect() }
}
