import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisOptions, type RedisServer, startRedis } from './redis.ts'

/** Three masters without replicas, each with a third of the slots. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

const slotCount = 16_384

export async function startRedisCluster(options: RedisOptions = {}): Promise<RedisCluster> {
  const settings = { ...options.settings, 'cluster-enabled': 'yes', 'cluster-node-timeout': '3000' }
  const nodes = await Promise.all([0, 1, 2].map(() => startRedis({ ...options, settings })))
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    await Promise.all(nodes.map(giveSlots))
    for (const node of nodes.slice(1)) await must(nodes[0]!, 'CLUSTER', 'MEET', '127.0.0.1', String(node.port))
    for (const node of nodes) await untilWhole(node)
    return { nodes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function giveSlots(node: RedisServer, index: number): Promise<void> {
  const [first, end] = [index, index + 1].map((part) => Math.round((part * slotCount) / 3)) as [number, number]
  const slots = Array.from({ length: end - first }, (_, offset) => String(first + offset))
  await must(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  await must(node, 'CLUSTER', 'ADDSLOTS', ...slots)
}

async function must(node: RedisServer, ...command: readonly string[]): Promise<void> {
  const answer = await node.command(...command)
  if (!answer.startsWith('+OK')) throw new Error(`${command.slice(0, 2).join(' ')}: ${answer}`)
}

async function untilWhole(node: RedisServer): Promise<void> {
  for (let waited = 0; waited < 15_000; waited += 50) {
    const info = await node.command('CLUSTER', 'INFO')
    if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) return
    await sleep(50)
  }
  throw new Error('the nodes of the Redis cluster did not find each other')
}
