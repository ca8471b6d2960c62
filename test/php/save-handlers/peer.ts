// A process that does with sessions what it is told, as peer.php does: `peer.ts '{"files":"/path"}'` or `'{"redis":6379}'`.
import { createInterface } from 'node:readline'
import type { OpenSession, SaveHandler } from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { phpRedis } from 'coatcheck/php/redis'
import { redisClients } from '../../servers/redis-clients.ts'
import { decode, encode, type Values } from './session-text.ts'
import { add, crowd } from './turns.ts'

const { files, redis, lockExpire } = JSON.parse(process.argv[2] ?? '{}')
const lockWait = '60s'
const handler: SaveHandler = files
  ? phpFiles({ savePath: files, lockWait })
  : phpRedis((await redisClients.redis([redis])).client, { lockWait, lockExpire: lockExpire ?? '30s' })

let session: OpenSession | undefined
let data: Values = {}
const orders: Readonly<Record<string, (...args: never[]) => Promise<unknown>>> = {
  async open(id: string) {
    session = await handler.open(id)
    data = decode(session.bytes)
    return { started: true }
  },
  async set(values: Values) {
    data = { ...data, ...values }
  },
  async close() {
    await session?.write(encode(data))
    await session?.close()
  },
  destroy: async () => session?.destroy(),
  collect: async () => ({ collected: await handler.collectGarbage() }),
  add: (id: string, times: number, holdMicroseconds: number) => add(handler, id, times, holdMicroseconds / 1000),
  crowd: (id: string, size: number, holdMicroseconds: number) => crowd(handler, id, size, holdMicroseconds / 1000),
}

process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...args] = JSON.parse(line)
  const warnings: string[] = []
  const answer = await orders[order]?.(...(args as never[])).catch((error: Error) => {
    warnings.push(error.message)
  })
  process.stdout.write(`${JSON.stringify({ ...(answer ?? {}), data, warnings })}\n`)
}
process.exit()
