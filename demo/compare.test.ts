import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type RunningDemo, runDemo, textOf, Visitor } from './running-demo.ts'

let demo: RunningDemo

before(async () => {
  demo = await runDemo()
})
after(() => demo.stop())

/** The files of all sessions, by name. */
function records(): Map<string, string> {
  const names = readdirSync(`${demo.directory}/records`, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => /sess_[0-9a-f]{64}$/.test(name))
  return new Map(files.map((name) => [name, readFileSync(`${demo.directory}/records/${name}`, 'utf8')]))
}

/** A visitor of both shops, and the file that their session has made. */
async function shopper() {
  const browser = new Visitor(demo.url)
  const known = records()
  await browser.post('/compare', { do: 'enter' })
  const [file] = [...records().keys()].filter((name) => !known.has(name))
  assert.ok(file)
  return {
    browser,
    act: (action: string, fields: Record<string, string> = {}) => browser.post('/compare', { do: action, ...fields }),
    /** What lies on the server, if it still does. */
    stored(): { role: string; credit: number; cart: string[] } | undefined {
      const line = /^customer:(.*)$/m.exec(records().get(file) ?? '')
      return line?.[1] ? JSON.parse(line[1]) : undefined
    },
    ticket: () => browser.jar.list().find(({ name }) => name.startsWith('shop-')),
    /** What the page says of an experiment in either shop. */
    async see(section: string) {
      const { html } = await browser.get('/compare')
      const text = html.split(`<section id="${section}"`)[1]?.split('</section>')[0] ?? ''
      const [, left = '', right = ''] = text.split(/<div class="shop of-(?:cookies|session)">/)
      return { all: textOf(text), left: textOf(left), right: textOf(right) }
    },
  }
}

describe('the same shop twice', () => {
  it('hands nothing out before one enters, but the cookie that tells browsers apart', async () => {
    const before = records().size
    const { status, setCookies } = await new Visitor(demo.url).get('/compare')
    assert.deepEqual([status, setCookies.map((line) => line.split('-')[0])], [200, ['viewer']])
    assert.equal(records().size, before)
  })

  it('believes an edited role where it lies in a cookie, and not where it lies in the record', async () => {
    const { act, see, stored } = await shopper()
    assert.doesNotMatch((await see('shops')).all, /Staff room/)
    await act('role', { role: 'admin' })
    const { left, right } = await see('role')
    assert.match(left, /It reads: role admin .*Staff room\. .*It believed you/)
    assert.match(right, /It reads: role user .*plain-role=admin.* came to this shop too.*Nothing has changed/)
    assert.doesNotMatch(right, /Staff room/)
    assert.equal(stored()?.role, 'user')
  })

  it('knows nobody by an edited ticket, and stores nothing under it', async () => {
    const { act, see, ticket, stored } = await shopper()
    const [real, before] = [ticket()?.value, [...records().keys()]]
    await act('ticket')
    assert.notEqual(ticket()?.value, real)
    const { left, right } = await see('role')
    assert.match(left, /role user/)
    assert.match(right, /none, as nobody is in.*there is no such record.*no record was made/)
    assert.deepEqual([...records().keys()], before)
    await act('ticket')
    assert.equal(ticket()?.value, real)
    assert.match((await see('role')).right, /It reads: role user/)
    assert.equal(stored()?.role, 'user')
  })

  it('keeps 5 KB on the server behind a cookie of the same size, where the other cookie outgrows what browsers keep', async () => {
    const { act, see, stored, ticket } = await shopper()
    const small = (await see('size')).right.match(/The cookie has (\d+) bytes/)
    const { setCookies } = await act('umbrellas')
    const cart = setCookies.find((line) => line.startsWith('plain-cart='))?.split(';')[0]
    assert.ok(cart && cart.length > 5000)
    assert.equal(stored()?.cart.length, 600)
    const { right } = await see('size')
    assert.match(right, /600 umbrellas.*All there/)
    assert.deepEqual(right.match(/The cookie has (\d+) bytes/)?.[1], small?.[1])
    assert.equal(Number(small?.[1]), `${ticket()?.name}=${ticket()?.value}`.length)
    await act('empty')
    assert.deepEqual(stored()?.cart, [])
  })

  it('measures what each request carries', async () => {
    const { act, browser } = await shopper()
    const seen: [number, number][] = []
    const measured: string[] = []
    for (let round = 0; round < 3; round++) {
      await act('hats')
      const pairs = (browser.jar.header(`${demo.url}/compare`) ?? '').split('; ')
      const size = (start: RegExp) => pairs.filter((pair) => start.test(pair)).join('; ').length
      seen.push([size(/^(plain|signed)-/), size(/^shop-/)])
      measured.push((await browser.get('/compare')).text)
    }
    const rows = [...measured.at(-1)!.matchAll(/ten more hats (\d+) bytes (\d+) bytes/g)].map(([, one, other]) => [
      Number(one),
      Number(other),
    ])
    assert.deepEqual(rows, seen)
    assert.ok(seen[0]![0] < seen[1]![0] && seen[1]![0] < seen[2]![0])
    assert.equal(new Set(seen.map(([, right]) => right)).size, 1)
  })

  it('gives the money back where the cookie says how much there is, signed or not', async () => {
    const { act, see, stored, browser } = await shopper()
    await act('keep')
    await act('pay')
    assert.match(
      (await see('rollback')).all,
      /plain cookie 50 30 Paid a signed cookie 50 30 Paid the session .* 30 Paid/,
    )
    await act('restore', {
      copy: browser.jar.get('kept-cookies') ? decodeURIComponent(browser.jar.get('kept-cookies')!) : '',
    })
    assert.match(
      (await see('rollback')).all,
      /plain cookie 50 50 Paid, and has it back a signed cookie 50 50 Paid, and has it back the session a ticket, no number 30 Paid/,
    )
    assert.equal(stored()?.credit, 30)
    // And it can be spent again, by either card.
    await act('pay')
    assert.match((await see('rollback')).all, /plain cookie 50 30 Paid a signed cookie 50 30 Paid .* 10 Paid/)
    assert.equal(stored()?.credit, 10)
  })

  it('refuses an edited sum where it is signed, and believes it where it is not', async () => {
    const { act, see, stored } = await shopper()
    await act('forge', { credit: '5000' })
    assert.match(
      (await see('rollback')).all,
      /plain cookie no copy 5,000 a signed cookie no copy refused: the signature/,
    )
    assert.equal(stored()?.credit, 50)
    await act('pay')
    assert.match((await see('rollback')).all, /4,980 a signed cookie no copy refused/)
  })

  it('lets a copied cookie in again after the log-out, and no copied ticket', async () => {
    const { act, see, stored, browser, ticket } = await shopper()
    const copy = ticket()?.value
    await act('leave')
    assert.equal(stored(), undefined)
    assert.equal(ticket(), undefined)
    const gone = await see('copy')
    assert.match(gone.left, /Nobody is in\. The server asked your browser to forget/)
    assert.match(gone.right, /Nobody is in\. The server has deleted the record/)

    await act('restore', { copy: decodeURIComponent(browser.jar.get('kept-cookies') ?? ''), at: 'copy' })
    assert.equal(ticket()?.value, copy)
    const back = await see('copy')
    assert.match(back.left, /robin is in\. .*A log-out that logged nobody out/)
    assert.match(back.right, /opens nothing.*there is no such record Refused: the record is gone/)
    assert.equal(stored(), undefined)
  })

  it('has no rights elsewhere, and leaves the login alone', async () => {
    const { browser, act } = await shopper()
    await act('role', { role: 'admin' })
    assert.equal((await browser.get('/dashboard')).location, '/login')
    await browser.login('alice', 'password')
    await act('leave')
    await act('begin-again')
    assert.match((await browser.get('/dashboard')).text, /Welcome, Alice!/)
  })

  it('begins again with nothing left in the browser or on the server', async () => {
    const { browser, act, stored } = await shopper()
    await act('keep')
    await act('begin-again')
    assert.deepEqual(
      browser.jar.list().map(({ name }) => name.split('-')[0]),
      ['viewer'],
    )
    assert.equal(stored(), undefined)
  })

  it('shows no whole ticket', async () => {
    const { browser, act, ticket } = await shopper()
    const value = ticket()?.value ?? ''
    await act('keep')
    const pages = [await browser.get('/compare'), await browser.get('/requests')]
    await act('leave')
    await act('restore', { copy: '' })
    pages.push(await browser.get('/compare'))
    for (const { html } of pages) {
      assert.ok(html.includes(value.slice(0, 4)))
      assert.ok(!html.includes(value.slice(4, 12)))
    }
  })

  it('does nothing for another site’s form', async () => {
    const { browser, act, stored } = await shopper()
    const cookies = browser.jar.list()
    for (const action of ['enter', 'pay', 'role', 'ticket', 'forge', 'keep', 'leave', 'restore', 'begin-again']) {
      const answer = await browser.post(
        '/compare',
        { do: action, role: 'admin', credit: '1', copy: 'plain-credit=1' },
        {
          'sec-fetch-site': 'cross-site',
          origin: 'https://evil.example',
        },
      )
      assert.deepEqual([answer.status, answer.setCookies], [403, []], action)
    }
    assert.deepEqual(browser.jar.list(), cookies)
    assert.equal(stored()?.credit, 50)
    assert.equal((await act('pay')).status, 303)
  })

  it('takes whatever a visitor writes into cookies and forms for text', async () => {
    const cookie = [
      'plain-customer=<script>alert(1)</script>',
      'plain-role=%3Cb%3Eadmin',
      'plain-credit=NaN',
      `plain-cart=${'<i>.'.repeat(400)}`,
      'signed-credit=%ff.x',
      'kept-cookies=plain-credit%3D%3Cb%3E',
      'kept-ticket=x',
    ].join('; ')
    const browser = new Visitor(demo.url)
    const { status, html } = await browser.get('/compare', { cookie })
    assert.equal(status, 200)
    assert.doesNotMatch(html, /<script>alert|<b>admin|<i>/)
    for (const fields of [
      { do: 'toString' },
      { do: '__proto__', at: 'https://evil.example' },
      { do: 'role', role: 'x\r\nSet-Cookie: evil=1' },
      { do: 'forge', credit: '\u0000;=' },
      {
        do: 'restore',
        copy: `plain-role=%ff; __Host-sid=x; sid=x; ${'plain-cart=a;'.repeat(300)}`,
        at: '//evil.example',
      },
      { do: 'hats', at: 'javascript:alert(1)' },
    ]) {
      const answer = await browser.post('/compare', fields, { cookie })
      assert.deepEqual([answer.status, /^\/compare#[a-z]+$/.test(answer.location ?? '')], [303, true])
      assert.ok(
        answer.setCookies.every((line) => /^(plain|signed|kept|shop|viewer)-/.test(line)),
        answer.setCookies.join(),
      )
    }
  })

  it('says so to a browser that keeps no cookies', async () => {
    const { text } = await new Visitor(demo.url).get('/compare', { referer: `${demo.url}/compare` })
    assert.match(text, /Your browser sent no cookie back\./)
    const { browser } = await shopper()
    assert.doesNotMatch((await browser.get('/compare', { referer: `${demo.url}/compare` })).text, /sent no cookie back/)
  })
})
