import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisServer } from './redis.ts'

/** Makes it a replica of the Redis at that port of this machine, and resolves when it has all that one has. */
export async function follow(replica: RedisServer, port: number): Promise<void> {
  await replica.command('REPLICAOF', '127.0.0.1', String(port))
  await until(async () => (await fieldOf(replica, 'master_link_status')) === 'up', 'the replica does not follow')
}

/** Resolves when the replica has what the master has at this moment. */
export async function caughtUp(master: RedisServer, replica: RedisServer): Promise<void> {
  const offset = Number(await fieldOf(master, 'master_repl_offset'))
  await until(async () => Number(await fieldOf(replica, 'slave_repl_offset')) >= offset, 'the replica lags behind')
}

async function fieldOf(server: RedisServer, name: string): Promise<string | undefined> {
  return new RegExp(`^${name}:(.*)\\r$`, 'm').exec(await server.command('INFO', 'replication'))?.[1]
}

async function until(claim: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (let waited = 0; !(await claim()); waited += 20) {
    if (waited > 15_000) throw new Error(otherwise)
    await sleep(20)
  }
}
