import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { buildVersions, start, type Version } from './versions.ts'
import { Visitor } from './visitor.ts'

const programs = mkdtempSync(join(tmpdir(), 'versions-'))

describe('while servers are replaced one by one by a version that stores records in a new format', () => {
  before(() => buildVersions(programs))
  after(() => rmSync(programs, { recursive: true, force: true }))

  it('the new version goes on with the sessions of the old one, and stores them in its own format', async (t) => {
    const { older, newer, records } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(older, 'POST', '/login?value=alice')
    await visitor.ask(older, 'POST', '/add?value=hat')
    const before = await visitor.me(older)
    assert.deepEqual(await visitor.me(newer), before)
    assert.deepEqual(formats(records()), [1])

    assert.equal((await visitor.ask(newer, 'POST', '/add?value=coat')).status, 200)
    assert.deepEqual(formats(records()), [2])
    assert.deepEqual(await visitor.me(newer), { ...before, cart: ['hat', 'coat'] })
  })

  it('the old version takes a session of the new one for none, and leaves its record and its cookie alone', async (t) => {
    const { older, newer, records } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(newer, 'POST', '/login?value=alice')
    const signedIn = await visitor.me(newer)
    const stored = records()
    for (const [method, path] of [
      ['GET', '/me'],
      ['POST', '/nothing'],
      ['GET', '/devices'],
      ['GET', '/me'],
    ] as const) {
      const { status, setCookies } = await visitor.ask(older, method, path)
      assert.deepEqual({ path, status, setCookies }, { path, status: 200, setCookies: [] })
    }
    assert.deepEqual(await visitor.me(older), { cart: [], visits: 0 })
    assert.deepEqual(records(), stored)
    assert.deepEqual(await visitor.me(newer), signedIn)
  })

  it('the old version asks to try again rather than store something in the place of such a session', async (t) => {
    const { older, newer, records } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(newer, 'POST', '/login?value=alice')
    const signedIn = await visitor.me(newer)
    const stored = records()
    for (const [method, path] of [
      ['POST', '/add?value=hat'],
      ['GET', '/visit'],
    ] as const) {
      const { status, setCookies, body } = await visitor.ask(older, method, path)
      assert.deepEqual({ status, setCookies }, { status: 503, setCookies: [] })
      assert.match(body, /ERR_SESSION_NEWER/)
    }
    assert.deepEqual(records(), stored)
    assert.deepEqual(await visitor.me(newer), signedIn)
  })

  it('a sign-out on the old version ends a session of the new one, for whoever holds its cookie', async (t) => {
    const { older, newer, records } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(newer, 'POST', '/login?value=alice')
    const copy = visitor.copy()
    await visitor.ask(newer, 'POST', '/login?value=alice')
    const stored = records()
    await copy.ask(older, 'POST', '/logout')
    assert.deepEqual(records(), stored, 'a cookie that was replaced has ended the session')

    const current = visitor.copy()
    assert.equal((await visitor.ask(older, 'POST', '/logout')).status, 200)
    assert.equal(visitor.cookies.list().length, 0)
    assert.equal((await current.me(newer)).userId, undefined)
    assert.deepEqual(records(), [])
  })

  it('a sign-in on the old version makes a session of its own', async (t) => {
    const { older, newer, records } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(newer, 'POST', '/login?value=alice')
    const signedIn = await visitor.me(newer)
    const before = visitor.copy()
    const stored = records()

    assert.equal((await visitor.ask(older, 'POST', '/login?value=alice')).status, 200)
    assert.equal((await visitor.ask(older, 'POST', '/add?value=hat')).status, 200)
    const again = await visitor.me(older)
    assert.deepEqual(again.cart, ['hat'])
    assert.notEqual(again.handle, signedIn.handle)
    for (const record of stored) assert.ok(records().includes(record), 'a record was overwritten')

    assert.deepEqual(await visitor.me(newer), again)
    assert.deepEqual(await before.me(newer), signedIn)
    const devices = await before.ask(newer, 'GET', '/devices')
    assert.deepEqual(JSON.parse(devices.body).sort(), [signedIn.handle, again.handle].sort())
  })

  it('a request of the old version during which the new one stores the session is told to try again', async (t) => {
    const { older, newer } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(older, 'POST', '/login?value=alice')
    const waiting = older.printed('waiting')
    const slow = visitor.ask(older, 'POST', '/slow-add?value=late')
    await Promise.race([waiting, slow])
    await visitor.ask(newer, 'POST', '/add?value=hat')
    await visitor.ask(older, 'POST', '/let-go')
    const { status, setCookies } = await slow
    assert.deepEqual({ status, setCookies }, { status: 409, setCookies: [] })
    assert.deepEqual((await visitor.me(newer)).cart, ['hat'])
  })

  it('a stream of the old version outlives the new format, and ends with the session', {
    timeout: 20_000,
  }, async (t) => {
    const { older, newer } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(older, 'POST', '/login?value=alice')
    const stream = (await visitor.open(older, 'GET', '/events')).setEncoding('utf8')
    let heard = ''
    stream.on('data', (text) => {
      heard += text
    })
    const end = new Promise((resolve) => stream.once('end', resolve))
    await visitor.ask(newer, 'POST', '/add?value=hat')
    await new Promise((resolve) => setTimeout(resolve, 2_200)) // the old version has looked twice
    assert.equal(heard, 'open\n')
    await visitor.ask(newer, 'POST', '/logout')
    await end
    assert.equal(heard, 'open\nended\n')
  })

  it('a user who signs out everywhere on the old version is signed out of the new one too', async (t) => {
    const { older, newer } = await deploy(t)
    const [laptop, phone] = [new Visitor(), new Visitor()]
    await phone.ask(newer, 'POST', '/login?value=alice')
    await laptop.ask(older, 'POST', '/login?value=alice')
    assert.equal((await laptop.ask(older, 'POST', '/sign-out-everywhere')).body, '2')
    assert.equal((await phone.me(newer)).userId, undefined)
  })

  it('of 500 requests that fall on either, none loses a visit or the session of a visitor who changes it on the new one', async (t) => {
    const { older, newer } = await deploy(t)
    const visitor = new Visitor()
    await visitor.ask(newer, 'POST', '/login?value=alice')
    const { handle } = await visitor.me(newer)
    let visits = 0
    await eightAtOnce(500, async (random) => {
      const isVisit = random < 0.5
      const answer = await (isVisit ? visitor.ask(newer, 'GET', '/visit') : visitor.ask(older, 'GET', '/me'))
      assert.equal(answer.status, 200, answer.body)
      assert.deepEqual(answer.setCookies, [])
      if (isVisit) visits++
    })
    assert.ok(visits > 200)
    const { userId, ...me } = await visitor.me(newer)
    assert.deepEqual({ userId, handle: me.handle, visits: me.visits }, { userId: 'alice', handle, visits })
  })

  it('of 500 requests of every kind that fall on either, none fails, destroys a record or takes a cookie away', async (t) => {
    const { older, newer, records } = await deploy(t)
    const visitor = new Visitor()
    const kinds = [
      'GET /me',
      'GET /visit',
      'POST /add?value=hat',
      'POST /nothing',
      'POST /login?value=alice',
      'GET /devices',
    ]
    const statuses = new Set<number>()
    let count = 0
    await eightAtOnce(500, async (random) => {
      const [method = '', path = ''] = (kinds[Math.floor(random * kinds.length)] ?? '').split(' ')
      const { status, setCookies } = await visitor.ask((random * 1e6) % 1 < 0.5 ? older : newer, method, path)
      statuses.add(status)
      for (const line of setCookies) assert.doesNotMatch(line, /Expires=Thu, 01 Jan 1970/)
    })
    count = records().length
    // 409: someone signed in, or the other version stored the session, while this request was changing it. 503: the old
    // version, asked to change what the new one has stored.
    assert.deepEqual(
      [...statuses].filter((status) => ![200, 409, 503].includes(status)),
      [],
    )
    assert.ok(count > 0)

    // The last old server has gone.
    await visitor.ask(newer, 'POST', '/login?value=alice')
    await visitor.ask(newer, 'POST', '/add?value=last')
    const me = await visitor.me(newer)
    assert.deepEqual([me.userId, me.cart.at(-1)], ['alice', 'last'])
    assert.ok(records().length >= count)
  })
})

/** Both versions on one store. */
async function deploy(t: TestContext): Promise<{ older: Version; newer: Version; records: () => string[] }> {
  const store = mkdtempSync(join(tmpdir(), 'rolling-deploy-'))
  t.after(() => rmSync(store, { recursive: true, force: true }))
  const older = await start(t, programs, 'old', store)
  const newer = await start(t, programs, 'new', store)
  return { older, newer, records: () => recordsIn(store) }
}

/** The records as they lie in the store. */
function recordsIn(store: string): string[] {
  return readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .filter((text) => text.includes('"format":'))
    .sort()
}

function formats(records: readonly string[]): number[] {
  return records.map((text) => Number(/"format":(\d+)/.exec(text)?.[1]))
}

/** Calls `ask` with numbers that look random and are the same in each run. */
async function eightAtOnce(times: number, ask: (random: number) => Promise<void>): Promise<void> {
  let seed = 20_261_123
  const next = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  let left = times
  const line = async () => {
    while (left-- > 0) await ask(next())
  }
  await Promise.all(Array.from({ length: 8 }, line))
}
