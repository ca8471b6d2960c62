import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisOptions, type RedisServer, startRedis } from './redis.ts'

/** Three masters without replicas, each with a third of the slots. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  /** The slots that hold keys of this beginning, and which node has each. */
  slotsOf(prefix: string): Promise<ReadonlyMap<number, RedisServer>>
  /** Moves a slot to another node, as resharding does. `pause` comes between the steps, when both have a part of it. */
  moveSlot(slot: number, from: RedisServer, to: RedisServer, pause: () => Promise<void>): Promise<void>
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
    return {
      nodes,
      stop,
      slotsOf: (prefix) => slotsOf(nodes, prefix),
      moveSlot: (slot, from, to, pause) => moveSlot(nodes, String(slot), from, to, pause),
    }
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

async function slotsOf(nodes: readonly RedisServer[], prefix: string): Promise<Map<number, RedisServer>> {
  const slots = new Map<number, RedisServer>()
  for (const node of nodes)
    for (const key of texts(await node.command('KEYS', `${prefix}*`)))
      slots.set(Number((await node.command('CLUSTER', 'KEYSLOT', key)).slice(1).split('\r')[0]), node)
  return slots
}

async function moveSlot(
  nodes: readonly RedisServer[],
  slot: string,
  from: RedisServer,
  to: RedisServer,
  pause: () => Promise<void>,
): Promise<void> {
  const [source, target] = await Promise.all([nameOf(from), nameOf(to)])
  await must(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', source)
  await must(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
  await pause()
  for (;;) {
    // One at a time: what belongs together is apart for a while.
    const [key] = texts(await from.command('CLUSTER', 'GETKEYSINSLOT', slot, '1'))
    if (key === undefined) break
    const answer = await from.command('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000')
    if (!/^\+(OK|NOKEY)/.test(answer)) throw new Error(`MIGRATE: ${answer}`)
    await pause()
  }
  for (const node of [to, from, ...nodes.filter((node) => node !== to && node !== from)])
    await must(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', target)
}

async function nameOf(node: RedisServer): Promise<string> {
  return texts(await node.command('CLUSTER', 'MYID'))[0]!
}

/** The texts of an answer, as they came over the wire. */
function texts(answer: string): string[] {
  return [...answer.matchAll(/\$\d+\r\n(.*?)\r\n/g)].map(([, text]) => text!)
}
