import type { Argument, Connection, Reply, Server, Subscriber } from './connection.ts'

/** What is called of a client of `redis`. */
export type NodeRedisClient = SingleClient | ClusterClient

interface SingleClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: object | undefined
  sendCommand(args: readonly Argument[], options?: object): Promise<unknown>
  duplicate(overrides?: object): unknown
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

interface ClusterClient {
  readonly isOpen: boolean
  readonly masters: readonly object[]
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: readonly Argument[],
    options?: object,
  ): Promise<unknown>
  nodeClient(node: never): Promise<unknown>
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

interface SubscribingClient {
  connect(): Promise<unknown>
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<void>
  ping(): Promise<unknown>
  destroy(): void
  on(event: string, listener: () => void): unknown
}

/** Bulk strings ('$' of the protocol) as bytes. The client's own deadline is a timer per command; the store's callers have one. */
const asBytes = { typeMapping: { 36: Buffer }, timeout: undefined }

export function isNodeRedis(client: unknown): client is NodeRedisClient {
  const { sendCommand, isOpen } = (client ?? {}) as { [key: string]: unknown }
  return typeof sendCommand === 'function' && typeof isOpen === 'boolean' && (isCluster(client) || isSingle(client))
}

function isCluster(client: unknown): client is ClusterClient {
  const { nodeClient, masters } = client as { [key: string]: unknown }
  return typeof nodeClient === 'function' && Array.isArray(masters)
}

function isSingle(client: unknown): client is SingleClient {
  const { duplicate, isReady, acquire } = client as { [key: string]: unknown }
  // A client of Sentinel looks the same but for what it lends out, and wants other arguments.
  return typeof duplicate === 'function' && typeof isReady === 'boolean' && acquire === undefined
}

export function overNodeRedis(client: NodeRedisClient): Connection {
  const cluster = isCluster(client) ? client : undefined
  const single = client as SingleClient
  const events = cluster ? ['connect', 'node-ready'] : ['ready']
  const masters = async (): Promise<readonly SingleClient[]> => {
    if (!cluster) return [single]
    const nodes = cluster.masters.map((node) => cluster.nodeClient(node as never))
    return (await Promise.all(nodes)) as SingleClient[]
  }
  return {
    isCluster: cluster !== undefined,
    isResending: false,
    // A client that was closed says so in its answer. Those of a cluster's nodes are its own affair.
    isReady: () => cluster !== undefined || single.isReady || !single.isOpen,
    send: cluster
      ? (key, ...command) => cluster.sendCommand(key, false, command, clusterOptions) as Promise<Reply>
      : (_key, ...command) => call(single, command),
    masters: async () =>
      (await masters()).map(
        (node): Server =>
          (...command) =>
            call(node, command),
      ),
    watch({ connected }) {
      for (const event of events) client.on(event, connected)
      return () => {
        for (const event of events) client.off(event, connected)
      }
    },
    async openSubscriber(channels, onMessage) {
      const nodes = await masters()
      const node = nodes[Math.floor(Math.random() * nodes.length)]
      if (!node) throw new Error('no master of the cluster is known')
      const { socket } = (node.options ?? {}) as { socket?: object }
      const overrides = { socket: { ...socket, reconnectStrategy: false }, clientSideCache: undefined }
      return subscribe(node.duplicate(overrides) as SubscribingClient, channels, onMessage)
    },
  }
}

/** A cluster's nodes keep what they can't send: there the client's deadline stays, which takes it out again. */
const clusterOptions = { typeMapping: asBytes.typeMapping }

function call(client: SingleClient, command: readonly Argument[]): Promise<Reply> {
  return client.sendCommand(command, asBytes) as Promise<Reply>
}

async function subscribe(
  client: SubscribingClient,
  channels: readonly string[],
  onMessage: (channel: string, message: string) => void,
): Promise<Subscriber> {
  const lost = new Promise<void>((resolve) => {
    for (const event of ['error', 'end', 'reconnecting']) client.on(event, () => resolve())
  })
  const close = (): void => {
    try {
      client.destroy()
    } catch {
      // It is closed already.
    }
  }
  try {
    await client.connect()
    await client.subscribe([...channels], (message, channel) => onMessage(channel, message))
  } catch (error) {
    close()
    throw error
  }
  return { lost, ping: () => client.ping(), close }
}
