import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { type RunningDemo, runDemo, textOf, Visitor } from './running-demo.ts'

let demo: RunningDemo

before(async () => {
  demo = await runDemo()
})
after(() => demo.stop())

const visitor = () => new Visitor(demo.url)

/** `fetch` sends no Host header but its own. */
function cookiesAt(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(`${demo.url}/cookies`, { headers: { host } }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve(Buffer.concat(chunks).toString())
    })
    asking.on('error', reject).end()
  })
}

/** Which of the trial cookies came back, as the page says it. */
function trialsIn(html: string): Record<string, string> {
  const rows =
    html
      .split('<table class="trials">')[1]
      ?.split('</table>')[0]
      ?.match(/<tr>.*?<\/tr>/gs) ?? []
  return Object.fromEntries(
    rows.slice(1).map((row) => {
      const [line = '', back = ''] = row.match(/<t[hd].*?<\/t[hd]>/gs) ?? []
      return [textOf(line).trim().split('=')[0], textOf(back).trim()]
    }),
  )
}

describe('the lesson about cookies', () => {
  it('can be read without being handed a cookie', async () => {
    const { status, setCookies, html } = await visitor().get('/cookies')
    assert.deepEqual([status, setCookies], [200, []])
    assert.deepEqual(new Set(Object.values(trialsIn(html))), new Set(['not set yet']))
  })

  it('sets the very lines that its table shows, and says which came back', async () => {
    const browser = visitor()
    const { setCookies, location } = await browser.post('/cookies', { do: 'try' })
    const { html, text } = await browser.get(location ?? '')
    assert.equal(setCookies.length, 11)
    for (const line of setCookies) assert.ok(text.includes(line), line)
    // Of a __Host- name over plain http on this machine each browser thinks for itself.
    const { '__Host-try': _, ...trials } = trialsIn(html)
    assert.deepEqual(trials, {
      'try-bare': 'Yes',
      'try-short': 'Yes',
      'try-httponly': 'Yes',
      'try-secure': 'Yes',
      'try-strict': 'Yes',
      'try-lax': 'Yes',
      'try-none': 'Yes',
      'try-path': 'No',
      'try-domain': 'No',
      '__Host-broken': 'No',
    })
  })

  it('forgets the short-lived one when its time is over', async () => {
    let now = Date.now()
    const browser = new Visitor(demo.url, () => now)
    await browser.post('/cookies', { do: 'try' })
    now += 16_000
    const trials = trialsIn((await browser.get('/cookies')).html)
    assert.deepEqual([trials['try-bare'], trials['try-short']], ['Yes', 'No'])
  })

  it('has a cellar that a cookie of its path goes to, and another site to come from', async () => {
    const browser = visitor()
    await browser.post('/cookies', { do: 'try' })
    const { text, html } = await browser.get('/cookies/cellar')
    assert.match(text, /try-path came along/)
    const other = demo.url.replace('localhost', '127.0.0.1')
    assert.ok(html.includes(`href="${other}/cookies#attributes"`))
    const there = await new Visitor(other).get('/cookies/cellar')
    assert.match(there.text, /Of the trial cookies came none/)
    assert.ok(there.html.includes(`href="${demo.url}/cookies#attributes"`))
  })

  it('offers no other site where it has no second name', async () => {
    for (const host of ['shop.example', 'localhost.evil.example', '127.0.0.1.evil.example:80']) {
      const html = await cookiesAt(host)
      assert.ok(html.includes('What the attributes do') && !html.includes('Go to another site'), host)
    }
  })

  it('marks what a link of another site left behind', async () => {
    const { text } = await visitor().get('/cookies', { 'sec-fetch-site': 'cross-site' })
    assert.match(text, /You came by a link of another site/)
  })

  it('counts the bytes of name and value, exactly', async () => {
    for (const size of [4096, 4097, 5000]) {
      const { setCookies, location } = await visitor().post('/cookies', { do: 'large', size: String(size) })
      assert.equal(setCookies[0]?.split(';')[0]?.replace('=', '').length, size)
      const { text } = await visitor().get(location ?? '')
      assert.match(text, new RegExp(`sent ${size.toLocaleString('en')} bytes. Your browser brought back 0 \\.`))
    }
    const { location } = await visitor().post('/cookies', { do: 'large', size: '999999999' })
    assert.equal(location, '/cookies?sent=5000#limit')
  })

  it('counts what this request carried, and names no cookie of another server', async () => {
    const cookie = 'theme=dark; sentinel=SECRET; favourite=cape'
    const { text } = await visitor().get('/cookies', { cookie })
    assert.match(text, new RegExp(`brought ${cookie.length} bytes of cookies`))
    assert.match(text, /theme 10 favourite 14/)
    assert.match(text, /\b17 of them belong to other servers/)
    assert.doesNotMatch(text, /sentinel|SECRET/)
    assert.match(text, /your browser sent theme=dark/)
  })
})

describe('the lesson about client storage', () => {
  it('shows the headers of this very request, and no secret among them', async () => {
    const browser = visitor()
    await browser.login('alice', 'password')
    const ticket = browser.sessionCookie ?? ''
    const { text, html } = await browser.get('/client-storage', {
      cookie: `${ticket}; sentinel=SECRET1`,
      authorization: 'Bearer SECRET2',
      'x-forwarded-access-token': 'SECRET3',
      'accept-language': 'eo',
    })
    assert.match(text, /accept-language eo/)
    assert.match(text, /authorization not shown here/)
    assert.match(text, new RegExp(`cookie sid-\\d+=${ticket.split('=')[1]?.slice(0, 4)}…`))
    assert.ok(!html.includes(ticket.slice(-8)))
    assert.doesNotMatch(html, /SECRET|sentinel/)
  })

  it('says what it is about where JavaScript is off, and offers no button that does nothing', async () => {
    const { html, text } = await visitor().get('/client-storage')
    assert.match(text, /JavaScript is off, or has not arrived\..*What still holds: what the server sees of it/)
    const main = html.split('<main')[1]?.split('</main>')[0] ?? ''
    const buttons = main.match(/<button[^>]*>/g) ?? []
    assert.ok(buttons.length >= 10)
    assert.deepEqual(
      buttons.filter((button) => !/ disabled\b/.test(button)),
      [],
    )
  })
})
