import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { coatcheck } from '../adapters/fetch.ts'
import type { Session } from '../core/session.ts'
import { Sessions } from '../core/sessions.ts'
import { memoryStore } from '../stores/memory.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'
import type { LoggedRequest } from './wire/logged-request.ts'

type Data = Record<string, unknown>
/** `openLab` opens the session of a second `Sessions` beside it. */
type Handler = (session: Session<Data>, openLab: () => Promise<Session<Data>>) => unknown

/** An application that records every browser from its first request on. */
function application(t: TestContext, options: Partial<RecorderOptions> = {}) {
  const store = options.store ?? memoryStore()
  const sessions = new Sessions<Data>({ store })
  const lab = new Sessions<Data>({ store, cookie: { name: 'lab' } })
  const recorder = new Recorder({ sessions, store, sessionCookies: ['sid', 'lab'], ...options })
  t.after(() => recorder.close())
  let usual: Handler = () => {}
  const inner = coatcheck(sessions, async (request: Request, handler: Handler) => {
    await handler(await sessions.open(request), () => lab.open(request))
    return new Response(null, { status: 204 })
  })
  const answer = coatcheck(lab, inner)

  async function ask(path: string, { cookie = '', method = 'GET', headers = {}, does = usual } = {}) {
    const request = new Request(`http://localhost:3000${path}`, { method, headers: { ...headers, cookie } })
    const header = (name: string) => request.headers.get(name) ?? undefined
    const arrival = { method, path, header, secure: false, host: 'localhost:3000' }
    const recording = recorder.begin(arrival)
    const response = await recording.run(() => answer(request, does))
    const admitted = recording.admit()
    const setCookies = [...response.headers.getSetCookie(), ...(admitted ? [admitted] : [])]
    recording.end({ status: response.status, setCookies })
    await recording.viewer.noted
    const jar = new Map(cookie ? cookie.split('; ').map((pair) => pair.split('=') as [string, string]) : [])
    for (const line of setCookies) jar.set(line.split('=')[0]!, line.split(/[=;]/)[1]!)
    return {
      viewer: recording.viewer,
      request: recording.request,
      cookie: [...jar].map((pair) => pair.join('=')).join('; '),
    }
  }

  /** As a browser with that jar finds it. */
  async function look(cookie: string) {
    let session: Session<Data> | undefined
    const does = (opened: Session<Data>): void => {
      session = opened
    }
    const { viewer } = await ask('/look', { cookie, headers: { 'x-coatcheck-panel': '1' }, does })
    return recorder.view(viewer, session!)
  }

  function handle(next: Handler): void {
    usual = next
  }
  return { recorder, ask, look, handle }
}

const pathsOf = (requests: readonly LoggedRequest[]) => requests.map(({ path }) => path)

describe('what is recorded of a browser’s requests', () => {
  it('is its own alone', async (t) => {
    const { ask } = application(t)
    const { cookie } = await ask('/one')
    await ask('/stranger')
    assert.deepEqual(pathsOf((await ask('/two', { cookie })).viewer.requests), ['/one', '/two'])
  })

  it('is kept by no cookie that was not issued here', async (t) => {
    const { ask } = application(t)
    const planted = `coatcheck-devtools-3000=${'A'.repeat(22)}`
    const { cookie } = await ask('/one', { cookie: planted })
    assert.notEqual(cookie, planted)
    assert.equal((await ask('/two', { cookie: planted })).viewer.requests.length, 1)
  })

  it('has no query, header, foreign cookie, or whole value in it', async (t) => {
    const { ask } = application(t)
    const { cookie } = await ask('/first')
    const sent = `${cookie}; sid-3000=SECRETSECRET; other=SECRET2; sid-4000=SECRET3`
    const headers = { authorization: 'Bearer SECRET4' }
    await ask('/login?token=SECRET5', { cookie: sent, method: 'POST', headers })
    const { requests } = (await ask('/look', { cookie })).viewer
    assert.equal(requests[1]!.path, '/login')
    assert.equal(requests[1]!.cookies.at(-1), 'sid-3000=SECR…')
    assert.equal(requests[1]!.cookieBytes, `${cookie}; sid-3000=SECRETSECRET`.length)
    assert.doesNotMatch(JSON.stringify(requests), /SECRET/)
    assert.ok(!JSON.stringify(requests).includes(cookie.split('=')[1]!))
  })

  it('holds the library’s steps in their order, each with the request that it was for', async (t) => {
    const { ask, handle } = application(t)
    handle((session) => {
      session.data.n = 1
    })
    const first = await ask('/put', { method: 'POST' })
    handle((session) => {
      session.data.n = 2
      session.regenerateId()
    })
    const [put, other] = await Promise.all([ask('/put', { method: 'POST', cookie: first.cookie }), ask('/anonymous')])
    const words = put.request.steps.map(({ text }) => text.replace(/s_[\w-]{12}/, 'it'))
    assert.deepEqual(words, [
      'Read record it',
      'Lock and read record it',
      'Write record it',
      'New secret for it: the old cookie is dead',
    ])
    assert.ok(put.request.steps.slice(0, 3).every(({ duration }) => duration !== undefined))
    assert.deepEqual(
      other.request.steps.map(({ text }) => text.split(' ')[0]),
      ['Write', 'Session'],
    )
  })

  it('stays within its bounds, however many come', { timeout: 60_000 }, async (t) => {
    const { recorder, ask } = application(t, { browsers: 200, requestsPerBrowser: 5 })
    const cookies: string[] = []
    for (let browser = 0; browser < 3_000; browser++) cookies.push((await ask('/first')).cookie)
    for (let count = 0; count < 17_000; count++) {
      await ask(`/${count}`, { cookie: cookies[2_800 + (count % 200)]! })
    }
    assert.deepEqual(recorder.sizes, { browsers: 200, streams: 0, turns: 0 })
    const { viewer } = await ask('/last', { cookie: cookies.at(-1)! })
    assert.equal(viewer.requests.length, 5)
    assert.equal((await ask('/forgotten', { cookie: cookies[0]! })).viewer.requests.length, 1)
    const kept = Buffer.byteLength(JSON.stringify(viewer))
    assert.ok(kept < 4_096, `${kept} bytes for one browser`)
  })

  it('keeps little of a request that is long in every way', async (t) => {
    const { ask, handle } = application(t)
    handle(async (session) => {
      session.data.n = 0
      await session.save()
      for (let count = 0; count < 60; count++) await session.update((data) => Object.assign(data, { n: count }))
    })
    const cookie = Array.from({ length: 50 }, (_, index) => `sid-3000=${'x'.repeat(500)}${index}`).join('; ')
    const { request } = await ask(`/${'long-'.repeat(2_000)}`, { method: 'POST', cookie })
    assert.equal(request.steps.length, 40)
    assert.ok(Buffer.byteLength(JSON.stringify(request)) < 8_192)
  })
})

describe('what is shown of a browser’s record', () => {
  it('is nothing for a visitor for whom nothing is stored, and says so', async (t) => {
    const { ask, look } = application(t)
    const { cookie } = await ask('/one')
    const { record, change, isUnknown } = await look(cookie)
    assert.deepEqual([record, change, isUnknown], [undefined, undefined, undefined])
  })

  it('says which request changed it last, and what, and how many left it as it was', async (t) => {
    const { ask, look, handle } = application(t)
    const first = await ask('/one')
    handle((session) => Object.assign(session.data, { colour: 'red', size: 3 }))
    const { cookie } = await ask('/choose', { method: 'POST', cookie: first.cookie })
    handle((session) => {
      session.data.colour = 'green'
      delete session.data.size
    })
    await ask('/change', { method: 'POST', cookie })
    handle(() => {})
    await ask('/page', { cookie })
    await ask('/page', { cookie })
    const { record, change, requestsSince } = await look(cookie)
    assert.deepEqual([change?.by, requestsSince], ['POST /change', 2])
    assert.deepEqual(
      change?.fields.filter(({ name }) => name.startsWith('data.')),
      [
        { name: 'data.colour', before: '"red"', after: '"green"' },
        { name: 'data.size', before: '3' },
      ],
    )
    assert.equal(record?.data, "{ colour: 'green' }")
    assert.deepEqual(record?.raw.lines.slice(2), ['colour:"green"'])
  })

  it('does not lay at a request’s door what somebody else has changed', async (t) => {
    const { ask, look, handle } = application(t)
    const first = await ask('/one')
    handle((session) => Object.assign(session.data, { n: 1 }))
    const { cookie } = await ask('/mine', { method: 'POST', cookie: first.cookie })
    handle((session) => Object.assign(session.data, { n: 2 }))
    const another = cookie
      .split('; ')
      .filter((pair) => pair.startsWith('sid'))
      .join('; ')
    await ask('/theirs', { method: 'POST', cookie: another })
    const { change } = await look(cookie)
    assert.equal(change?.by, undefined)
    assert.deepEqual(
      change?.fields.filter(({ name }) => name === 'data.n'),
      [{ name: 'data.n', before: '1', after: '2' }],
    )
  })

  it('is forgotten with the record: who uses the browser next sees only that there was something', async (t) => {
    const { ask, look, handle } = application(t)
    const first = await ask('/one')
    const asUser = (name: string, data: Data) =>
      handle((session) => {
        session.signIn(name)
        Object.assign(session.data, data)
      })
    asUser('alice', { note: 'of-alice' })
    const alices = await ask('/login', { method: 'POST', cookie: first.cookie })
    asUser('bob', { colour: 'SENTINEL' })
    const bobs = await ask('/login', { method: 'POST', cookie: alices.cookie })
    const taken = await look(bobs.cookie)
    assert.ok(taken.change?.fields.some(({ name, after }) => name === 'data.note' && after === undefined))
    assert.doesNotMatch(JSON.stringify([taken.change, bobs.viewer.requests]), /alice/)
    assert.doesNotMatch(JSON.stringify(taken), /note:/)

    handle((session) => session.destroy())
    const { cookie } = await ask('/logout', { method: 'POST', cookie: bobs.cookie })
    assert.doesNotMatch(JSON.stringify([await look(cookie), bobs.viewer]), /SENTINEL|bob/)
  })

  it('stays where another session of the same request has ended', async (t) => {
    const { ask, look, handle } = application(t)
    const first = await ask('/one')
    handle((session) => Object.assign(session.data, { n: 1 }))
    const { cookie } = await ask('/put', { method: 'POST', cookie: first.cookie })
    const does: Handler = async (_session, openLab) => (await openLab()).isStored
    await ask('/lab', { cookie: `${cookie}; lab-3000=${'A'.repeat(64)}`, does })
    const { record, change, requestsSince } = await look(cookie)
    assert.deepEqual([record?.data, change?.by, requestsSince], ['{ n: 1 }', 'POST /put', 1])
  })

  it('is never a record that the cookie no longer opens', async (t) => {
    const { ask, look, handle } = application(t)
    handle((session) => Object.assign(session.data, { theirs: 'SENTINEL' }))
    const before = await ask('/put', { method: 'POST' })
    handle((session) => session.regenerateId())
    await ask('/rotate', { method: 'POST', cookie: before.cookie })
    handle(() => {})
    await ask('/with-the-old-one', { cookie: before.cookie })
    assert.ok(
      !JSON.stringify((await ask('/x', { cookie: before.cookie })).viewer.history.last ?? '').includes('SENTINEL'),
    )
    assert.equal((await look(before.cookie)).record, undefined)
  })

  it('masks secrets in the data and in the bytes, by name, by option, at any depth, in any notation', async (t) => {
    const { ask, look, handle } = application(t, { redact: ['shoeSize'] })
    handle((session) =>
      Object.assign(session.data, {
        password: 'SENTINEL',
        shoeSize: 'SENTINEL',
        nested: { deep: [{ apiKey: 'SENTINEL' }] },
        rich: new Map([['token', 'SENTINEL']]),
        plain: 'shown',
      }),
    )
    const { cookie } = await ask('/put', { method: 'POST' })
    const view = await look(cookie)
    assert.doesNotMatch(JSON.stringify(view), /SENTINEL/)
    assert.match(view.record?.data ?? '', /plain: 'shown'/)
    assert.ok(view.record?.raw.lines.includes('plain:"shown"'))
    assert.ok(view.record?.raw.lines.includes('password:••••'))
  })

  it('counts who has the turn and who waits for it', async (t) => {
    const { recorder, ask, look, handle } = application(t)
    handle((session) => Object.assign(session.data, { n: 1 }))
    const { cookie } = await ask('/put', { method: 'POST' })
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const slow = { method: 'POST', cookie, does: () => held }
    const both = [ask('/slow', slow), ask('/slow', slow)]
    await until(async () => (await look(cookie)).record?.turn.waiting === 1)
    assert.deepEqual((await look(cookie)).record?.turn, { isHeld: true, waiting: 1 })
    letGo()
    const [, second] = await Promise.all(both)
    assert.deepEqual((await look(cookie)).record?.turn, { isHeld: false, waiting: 0 })
    assert.equal(recorder.sizes.turns, 0)
    const words = second?.request.steps.map(({ text }) => text.split(' ')[0])
    assert.deepEqual(words, ['Read', 'Waited', 'Lock'])
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await after(5)
}
