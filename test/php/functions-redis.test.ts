import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { coatcheck } from 'coatcheck/adapters/node'
import {
  $_SESSION,
  PhpSessions,
  session_destroy,
  session_gc,
  session_id,
  session_module_name,
  session_regenerate_id,
  session_save_path,
  session_start,
} from 'coatcheck/php'
import { phpRedis } from 'coatcheck/php/redis'
import { createClient } from 'redis'
import { redisServer } from '../needs.ts'
import { startRedis } from '../servers/redis.ts'

it('the session_* functions work on Redis as on files', { skip: redisServer().skip }, async (t) => {
  const redis = await startRedis()
  const client = createClient({ url: redis.url })
  await client.connect()
  const php = new PhpSessions({ saveHandler: phpRedis(client), useStrictMode: true })
  const server = createServer(
    coatcheck(php, async (request, response) => {
      await session_start()
      $_SESSION.n = Number($_SESSION.n ?? 0) + 1
      const before = session_id()
      if (request.url === '/regenerate') await session_regenerate_id(true)
      if (request.url === '/destroy') await session_destroy()
      const gc = request.url === '/gc' && (await session_gc())
      response.end(JSON.stringify([$_SESSION.n, before, session_id(), session_module_name(), session_save_path(), gc]))
    }),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(async () => {
    server.close()
    await client.close()
    await redis.stop()
  })
  const ask = async (path: string, cookie = ''): Promise<{ answer: unknown[]; cookie: string }> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
    const response = await fetch(url, { headers: { cookie } })
    return {
      answer: (await response.json()) as unknown[],
      cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie,
    }
  }
  const stored = async (id: unknown): Promise<string | null> => client.get(`PHPREDIS_SESSION:${id}`)

  const first = await ask('/', 'PHPSESSID=chosen')
  const id = first.cookie.replace('PHPSESSID=', '')
  assert.deepEqual(first.answer, [1, id, id, 'redis', '', false])
  assert.deepEqual([await stored('chosen'), await stored(id)], [null, 'n|i:1;'])
  await Promise.all(Array.from({ length: 10 }, () => ask('/', first.cookie)))
  assert.equal(await stored(id), 'n|i:11;')
  const moved = await ask('/regenerate', first.cookie)
  const [, , newId] = moved.answer
  assert.deepEqual([await stored(id), await stored(newId), moved.cookie], [null, 'n|i:12;', `PHPSESSID=${newId}`])
  assert.equal((await ask('/gc', moved.cookie)).answer.at(-1), false)
  assert.deepEqual((await ask('/destroy', moved.cookie)).answer.slice(0, 3), [14, newId, ''])
  assert.deepEqual(await client.keys('*'), [])
})
