import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fakeClock } from 'coatcheck/testing'
import { type Answer, type RunningDemo, runDemo, textOf, Visitor } from './running-demo.ts'

const firefox = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0' }
const minute = 60_000

describe('your devices', () => {
  const clock = fakeClock()
  let demo: RunningDemo

  before(async () => {
    demo = await runDemo({ clock: clock.now })
  })
  after(() => demo.stop())

  async function loggedIn(username: string, fields: Record<string, string> = {}): Promise<Visitor> {
    const browser = new Visitor(demo.url, clock.now)
    const { status } = await browser.post('/login', { username, password: 'password', ...fields }, firefox)
    assert.equal(status, 303)
    return browser
  }

  const isIn = async (browser: Visitor) => (await browser.get('/dashboard')).status === 200

  const records = () =>
    readdirSync(`${demo.directory}/records`, { recursive: true, encoding: 'utf8' })
      .map((name) => /sess_([0-9a-f]{64})$/.exec(name)?.[1])
      .filter((id) => id !== undefined)

  it('are shown to nobody who is not logged in', async () => {
    const browser = new Visitor(demo.url, clock.now)
    for (const answer of [
      await browser.get('/devices'),
      await browser.post('/devices/end-all'),
      await browser.post('/devices/s_aaaaaaaaaaaa/end'),
    ])
      assert.deepEqual([answer.status, answer.location], [303, '/login'])
  })

  it('are listed with browser, system, network and times, and this one is marked', async () => {
    const other = await loggedIn('lister')
    clock.advance(3 * minute)
    const browser = await loggedIn('lister', { remember: 'yes' })
    const { status, text, html } = await browser.get('/devices')
    assert.equal(status, 200)
    assert.match(text, /2 of at most 25 sessions/)
    const [first = '', second = ''] = rows(html)
    assert.match(
      first,
      /^ Firefox 143 on Windows this one remembered this machine · s_[\w-]{12} Created just now Last seen now Ends in 30 days, unless seen/,
    )
    assert.match(
      second,
      /^ Firefox 143 on Windows this machine .* Created 3 min ago Last seen 3 min ago Ends in 27 min, unless seen End/,
    )
    assert.ok(await isIn(other))
  })

  it('are named by handles: neither an ID nor a part of a ticket is in the page', async () => {
    const [one, other] = [await loggedIn('nameless'), await loggedIn('nameless')]
    const { html } = await one.get('/devices')
    for (const id of records()) assert.ok(!html.includes(id))
    for (const { sessionCookie = '' } of [one, other]) {
      const [, value = ''] = sessionCookie.split('=')
      assert.equal(value.length, 64)
      // The list of requests shows the first four characters.
      for (let at = 0; at + 8 <= value.length; at++) assert.ok(!html.includes(value.slice(at, at + 8)))
    }
  })

  it('end one by one: that one’s next request lands on the login, and this one goes on', async () => {
    const [here, there] = [await loggedIn('ender'), await loggedIn('ender')]
    const before = records().length
    const answer = await here.post(`/devices/${await otherHandle(here)}/end`)
    assert.deepEqual([answer.status, answer.location], [303, '/devices'])
    assert.equal(records().length, before - 1)
    const { location } = await there.get('/dashboard')
    assert.equal(location, '/login')
    const page = await here.get('/devices')
    assert.match(page.text, /Done\. Firefox 143 on Windows \(s_[\w-]{12}\) is logged out\./)
    assert.match(page.text, /No other device/)
    assert.doesNotMatch((await here.get('/devices')).text, /Done\./)
  })

  it('end once, however often the button is pressed', async () => {
    const [here, there, third] = [await loggedIn('clicker'), await loggedIn('clicker'), await loggedIn('clicker')]
    const path = `/devices/${handleOf(await there.get('/devices'))}/end`
    const answers = await Promise.all([here.post(path), here.post(path)])
    assert.deepEqual(
      answers.map(({ status, location }) => [status, location]),
      Array(2).fill([303, '/devices']),
    )
    assert.equal((await here.get('/devices')).text.match(/Done\./g)?.length, 1)
    assert.deepEqual([await isIn(here), await isIn(there), await isIn(third)], [true, false, true])
  })

  it('of someone else are not found, and go on', async () => {
    const [mallory, alice] = [await loggedIn('mallory'), await loggedIn('alice')]
    const before = records().length
    for (const handle of [handleOf(await alice.get('/devices')), 's_aaaaaaaaaaaa', 'end'])
      assert.equal((await mallory.post(`/devices/${handle}/end`)).status, 404)
    assert.equal(records().length, before)
    assert.ok(await isIn(alice))
  })

  it('end all but this one', async () => {
    const [here, ...others] = [await loggedIn('other'), await loggedIn('other'), await loggedIn('other')]
    const stranger = await loggedIn('stranger')
    assert.equal((await here.post('/devices/end-others')).location, '/devices')
    assert.match((await here.get('/devices')).text, /Done\. 2 other sessions have ended\./)
    for (const other of others) assert.ok(!(await isIn(other)))
    assert.ok(await isIn(stranger))
    assert.equal((await here.post('/devices/end-others')).location, '/devices')
    assert.doesNotMatch((await here.get('/devices')).text, /Done\./)
  })

  it('end all, this one too, or this one alone: the cookie goes with it', async () => {
    const [here, there] = [await loggedIn('leaver'), await loggedIn('leaver')]
    const self = await here.post(`/devices/${handleOf(await here.get('/devices'))}/end`)
    assert.equal(self.location, '/devices/ended')
    assert.equal(here.sessionCookie, undefined)
    assert.ok(await isIn(there))
    await here.login('leaver', 'password')
    assert.equal((await here.post('/devices/end-all')).location, '/devices/ended')
    assert.match((await here.get('/devices/ended')).text, /This session has ended.*What happened.*303 See Other/)
    assert.match((await here.get('/devices/ended')).text, /No session here/)
    assert.deepEqual([await isIn(here), await isIn(there)], [false, false])
  })

  it('are ended only with the password where the login is long ago, but this one without', async () => {
    const [here, there] = [await loggedIn('older'), await loggedIn('older')]
    const path = `/devices/${await otherHandle(here)}/end`
    clock.advance(6 * minute)
    const asked = await here.post(path)
    assert.equal(asked.status, 403)
    assert.match(asked.text, /Is it still you\? Before you end Firefox 143 on Windows/)
    assert.match(asked.html, new RegExp(`action="${path}"`))
    assert.equal((await here.post('/devices/end-all')).status, 403)
    const wrong = await here.post(path, { password: 'guess' })
    assert.equal(wrong.status, 401)
    assert.match(wrong.html, /role="alert"/)
    assert.ok(!wrong.html.includes('guess'))
    assert.deepEqual([await isIn(here), await isIn(there)], [true, true])

    const old = here.sessionCookie
    assert.equal((await here.post(path, { password: 'password' })).location, '/devices')
    assert.notEqual(here.sessionCookie, old)
    assert.deepEqual([await isIn(here), await isIn(there)], [true, false])

    await loggedIn('older')
    assert.equal((await here.post('/devices/end-others')).location, '/devices')
    clock.advance(6 * minute)
    assert.equal((await here.post(`/devices/${handleOf(await here.get('/devices'))}/end`)).location, '/devices/ended')
  })

  it('can’t be ended by guessing the password', async () => {
    const [here, there] = [await loggedIn('guessed'), await loggedIn('guessed')]
    clock.advance(6 * minute)
    const guesses = Array.from({ length: 8 }, (_, index) => `guess ${index}`)
    const statuses: number[] = []
    for (const password of guesses) statuses.push((await here.post('/devices/end-others', { password })).status)
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429])
    assert.ok(await isIn(there))
  })

  it('can’t be ended by another site', async () => {
    const [here, there] = [await loggedIn('ridden'), await loggedIn('ridden')]
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    assert.equal((await here.post('/devices/end-others', {}, foreign)).status, 403)
    assert.ok(await isIn(there))
  })

  it('are 25 at most: the oldest login makes room', async () => {
    const first = await loggedIn('collector')
    for (let count = 1; count < 26; count++) {
      clock.advance(1000)
      await loggedIn('collector')
    }
    clock.advance(1000)
    const last = await loggedIn('collector')
    assert.ok(!(await isIn(first)))
    const { html, text } = await last.get('/devices')
    assert.match(text, /25 of at most 25 sessions/)
    assert.equal(rows(html).length, 25)
  })

  it('do not keep a session alive, nor lose what is to be said, by a page that looks for news', async () => {
    const [browser] = [await loggedIn('sleeper'), await loggedIn('sleeper')]
    await browser.post('/devices/end-others')
    const panel = { 'x-coatcheck-panel': '1' }
    assert.doesNotMatch((await browser.get('/devices', panel)).text, /Done\./)
    assert.match((await browser.get('/devices')).text, /Done\./)
    clock.advance(29 * minute)
    assert.equal((await browser.get('/devices', panel)).status, 200)
    clock.advance(2 * minute)
    assert.equal((await browser.get('/devices', panel)).location, '/login')
  })
})

/** Each device as a reader sees it. */
function rows(html: string): string[] {
  return html
    .split('<li class="device')
    .slice(1)
    .map((row) => textOf(row.slice(row.indexOf('<h3>'), row.indexOf('</li>'))))
}

/** The handle of the session that the page was made for. */
function handleOf({ html }: Answer): string {
  return /this one.*?(s_[\w-]{12})/s.exec(html)?.[1] ?? ''
}

/** The one handle of a session that it was not made for. */
async function otherHandle(browser: Visitor): Promise<string> {
  const answer = await browser.get('/devices')
  const handles = [...answer.html.matchAll(/devices\/(s_[\w-]{12})\/end/g)].map(([, handle]) => handle)
  return handles.find((handle) => handle !== handleOf(answer)) ?? ''
}
