import { spawnSync } from 'node:child_process'
import { redisServer } from '../../test/needs.ts'
import { startRedis as startServer } from '../../test/servers/redis.ts'

/**
 * A Redis of one's own on a free loopback port, which keeps nothing on the disk and ends with this process. Says the port;
 * undefined where none is installed.
 */
export async function startRedis(): Promise<number | undefined> {
  if (redisServer().skip) return undefined
  const { port } = await startServer({ settings: { appendonly: 'no' } })
  return port
}

export function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}
