import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { postgres, redisServer } from '../test/needs.ts'
import { type PostgresServer, startPostgres } from '../test/servers/postgres.ts'
import { type RedisServer, startRedis } from '../test/servers/redis.ts'
import { nodeSqlite } from '../test/servers/sqlite.ts'
import { openStore, StartError } from './open-store.ts'
import { runDemo, Visitor } from './running-demo.ts'
import { spawnDemo } from './server-process.ts'

describe('the demo on the store that STORE names', () => {
  let directory: string
  let redis: RedisServer
  let database: PostgresServer

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-stores-'))
    if (!redisServer().skip) redis = await startRedis()
    if (!postgres().skip) database = await startPostgres()
  })
  after(async () => {
    await Promise.all([redis?.stop(), database?.stop()])
    rmSync(directory, { recursive: true, force: true })
  })

  const kinds = [
    { name: 'file', place: 'a file', STORE: () => '' },
    { name: 'sqlite', place: 'SQLite', STORE: () => `sqlite:${directory}/sessions.db`, skip: nodeSqlite().skip },
    { name: 'redis', place: 'Redis', STORE: () => redis.url, skip: redisServer().skip },
    { name: 'postgres', place: 'PostgreSQL', STORE: () => database.connectionString, skip: postgres().skip },
    { name: 'memory', place: 'memory', STORE: () => 'memory' },
  ]

  for (const { name, place, STORE, skip = false } of kinds) {
    it(`${name}: logs in, lists and ends sessions, and ${name === 'memory' ? 'forgets' : 'keeps'} them`, {
      skip,
    }, async () => {
      const environment = { STORE: STORE(), SESSIONS_DIR: `${directory}/files` }
      const { close, where, atStop, ...opened } = await openStore(environment)
      assert.equal(opened.place, place)
      const demo = await runDemo(opened)
      const [here, there] = [new Visitor(demo.url), new Visitor(demo.url)]
      try {
        for (const browser of [here, there]) assert.equal((await browser.login('alice', 'password')).status, 303)
        assert.equal((await here.get('/dashboard')).status, 200)
        assert.match((await here.get('/devices')).text, /2 of at most 25 sessions/)
        assert.equal((await here.post('/devices/end-others')).status, 303)
        assert.equal((await there.get('/dashboard')).location, '/login')
        // The record as this store has it: the name it goes by, whom it belongs to, and the data's own lines.
        const record = (await here.get('/record')).text
        assert.match(record, new RegExp(`keeps for you, in ${place}\\..*belongs to the user alice.*username: ?"alice"`))
        assert.match((await here.get('/practices')).text, new RegExp(`your record, as it lies in ${place}, for`))
      } finally {
        await demo.stop()
        await close()
      }
      const again = await openStore(environment)
      try {
        const kept = await new Sessions({ store: again.store, cleanupInterval: false }).ofUser('alice').list()
        assert.equal(kept.length, name === 'memory' ? 0 : 1)
        assert.equal(atStop, name === 'memory' ? 'they go with it' : 'they stay')
      } finally {
        await again.close()
      }
      assert.doesNotMatch(where, /@/)
    })
  }

  it('is named at the start, without a password; told of when it is lost and back; closed at the end', {
    skip: redisServer().skip ?? false,
  }, async () => {
    const { host } = new URL(redis.url)
    // Redis takes any password of its user `default`, who needs none here.
    const child = spawnDemo({ PORT: '0', STORE: `redis://default:hush@${host}` })
    let output = ''
    const says = (stream: Readable | null, wanted: RegExp) =>
      new Promise<void>((resolve, reject) => {
        stream?.on('data', (chunk) => {
          output += chunk
          if (wanted.test(output)) resolve()
        })
        child.once('exit', () => reject(new Error(output)))
      })
    await says(
      child.stdout,
      /Sessions are kept in Redis at redis:\/\/127\.0\.0\.1:\d+\. Stop with Ctrl\+C; they stay\./,
    )
    const lost = says(child.stderr, /Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer/)
    await redis.kill()
    await lost
    const found = says(child.stderr, /is back\./)
    await redis.restart()
    await found
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    assert.doesNotMatch(output, /hush/)
  })

  it('says in one sentence, without the password, what keeps it from starting', async () => {
    writeFileSync(`${directory}/no-database`, 'not SQLite, and long enough to be seen not to be. '.repeat(20))
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const starts: [string, RegExp][] = [
      ['mysql://x:hush@y', /^STORE must be file, memory, sqlite:PATH, redis:\/\/HOST:PORT or postgres:/],
      [
        'redis://someone:hush@127.0.0.1:1',
        /^Redis at redis:\/\/127\.0\.0\.1:1 can't be used: .*ECONNREFUSED.* STORE can name another store\.$/,
      ],
      [
        'postgres://a:hush@127.0.0.1:1/x',
        /^PostgreSQL at postgres:\/\/127\.0\.0\.1:1\/x can't be used: .*ECONNREFUSED/,
      ],
      [
        `redis://127.0.0.1:${port}`,
        /^Redis at redis:\/\/127\.0\.0\.1:\d+ can't be used: no answer within 0\.3 seconds\. /,
      ],
      [`postgres://127.0.0.1:${port}/x`, /^PostgreSQL at postgres:\/\/127\.0\.0\.1:\d+\/x can't be used: no answer/],
      ['redis://127.0.0.1:hush', /^STORE is no address that can be read/],
      nodeSqlite().skip
        ? ['sqlite:x.db', /^STORE=sqlite:… needs Node 22\.13 or later/]
        : [`sqlite:${directory}/no-database`, /^SQLite can't keep sessions in .*no-database: .*not a database/],
    ]
    for (const [STORE, sentence] of starts) {
      const error = await openStore({ STORE }, 300).then(
        () => assert.fail(STORE),
        (reason: unknown) => reason,
      )
      assert.ok(error instanceof StartError, String(error))
      assert.match(error.message, sentence)
      assert.doesNotMatch(error.message, /hush|\n/)
    }
    silent.close()
  })
})
