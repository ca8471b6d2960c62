import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { createDevtools } from 'coatcheck/devtools'
import { memoryStore } from 'coatcheck/stores/memory'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { type RunningDemo, runDemo } from '../../demo/running-demo.ts'
import { startDemo } from '../../demo/server-process.ts'
import { launch, logIn, skip } from './browser.ts'

/** A row of the page, or what the browser itself says of the same request. */
interface Row {
  request: string
  cookie: string
  status: number
  setCookies: string[]
  location: string | undefined
}

const cut = (value: string) => (value.length > 4 ? `${value.slice(0, 4)}…` : value)
const cutPair = (pair: string) => pair.replace(/=(.*)$/, (_, value: string) => `=${cut(value)}`)

describe('the wire view', { skip }, () => {
  let browser: Browser
  let demo: RunningDemo

  before(async () => {
    ;[browser, demo] = await Promise.all([launch(), runDemo()])
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  it('says what the DevTools protocol saw, header for header', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const seen = await watchNetwork(await context.newCDPSession(page))
    await page.goto(`${demo.url}/login`)
    await page.getByRole('button', { name: 'Leave a top hat' }).click()
    await page.getByText('You left').waitFor()
    await logIn(page, demo.url, 'alice', 'wrong')
    await page.getByRole('alert').waitFor()
    await logIn(page, demo.url, 'alice', 'password')
    await page.waitForURL('**/dashboard')
    await page.goto(`${demo.url}/requests`)
    await until(async () => (await rowsOf(page)).every(({ status }) => status > 0))
    const rows = await rowsOf(page)
    assert.deepEqual(rows, seen())
    assert.deepEqual(
      rows.map(({ request, status }) => `${request} ${status}`),
      [
        'GET /login 200',
        'POST /coat 303',
        'GET /login 200',
        'GET /login 200',
        'POST /login 401',
        'GET /login 200',
        'POST /login 303',
        'GET /dashboard 200',
        'GET /requests 200',
      ],
    )
    assert.ok(rows.at(-1)?.cookie.includes('sid-') && rows.at(-2)?.status === 200)
    await context.close()
  })

  it('has a row for each request in order, with what the library did, and none of another browser’s', async () => {
    const [mine, other] = await Promise.all([browser.newContext(), browser.newContext()])
    const [page, elsewhere] = await Promise.all([mine.newPage(), other.newPage()])
    await elsewhere.goto(`${demo.url}/login`)
    await page.goto(`${demo.url}/login`)
    await page.goto(`${demo.url}/logout`)
    await page.goto(`${demo.url}/functions`)
    await logIn(elsewhere, demo.url, 'mallory', 'password')
    await elsewhere.waitForURL('**/dashboard')
    await page.goto(`${demo.url}/requests`)
    assert.deepEqual(
      (await rowsOf(page)).map(({ request }) => request),
      ['GET /login', 'GET /logout', 'GET /functions', 'GET /requests'],
    )
    await elsewhere.goto(`${demo.url}/requests`)
    const steps = await elsewhere.locator('li:has(> .sequence > [aria-label="POST /login"]) .work').allTextContents()
    assert.match(steps.join('\n'), /On the server: Write record s_[\w-]{12}\d+\.?\d* ms/)
    assert.match(steps.join('\n'), /Session s_[\w-]{12} begins/)
    assert.match(
      (await elsewhere.locator('.totals').textContent()) ?? '',
      /^\d requests, \d with a cookie, [\d,]+ bytes of cookie in all$/,
    )
    await Promise.all([mine.close(), other.close()])
  })

  it('stays up to date in eight tabs over one stream, whichever of them is closed', async () => {
    const context = await browser.newContext()
    const streams: string[] = []
    context.on('request', (request) => request.url().endsWith('/live') && streams.push(request.url()))
    const tabs: Page[] = []
    for (let count = 0; count < 8; count++) {
      const tab = await context.newPage()
      tabs.push(tab)
      await tab.goto(`${demo.url}/requests`)
    }
    await Promise.all(tabs.map((tab) => tab.locator('[data-is-live]').waitFor()))
    assert.equal(streams.length, 1)
    const ask = (path: string) => tabs.at(-1)!.evaluate(`fetch(${JSON.stringify(path)}).then(({ status }) => status)`)
    assert.equal(await ask('/logout?first'), 200)
    await Promise.all(tabs.map((tab) => tab.locator('[aria-label="GET /logout"]').first().waitFor()))
    assert.equal(streams.length, 1)

    await tabs.shift()?.close()
    await until(async () => streams.length === 2)
    assert.equal(await ask('/functions'), 200)
    await Promise.all(tabs.map((tab) => tab.locator('[aria-label="GET /functions"]').waitFor()))
    assert.equal(streams.length, 2)
    await context.close()
  })

  it('does not list what it asks for itself, and stops while it is paused', async () => {
    const context = await browser.newContext()
    const [page, tab] = [await context.newPage(), await context.newPage()]
    await page.goto(`${demo.url}/requests`)
    const state = page.getByRole('status')
    await page.locator('[data-is-live]').waitFor()
    await tab.goto(`${demo.url}/logout`)
    await page.locator('[aria-label="GET /logout"]').waitFor()
    assert.match((await state.textContent()) ?? '', /^Live\. GET \/logout: 200$/)

    await page.getByRole('button', { name: 'Pause' }).click()
    assert.equal(await state.textContent(), 'Paused')
    await tab.goto(`${demo.url}/functions`)
    await tab.goto(`${demo.url}/requests`)
    await tab.locator('[aria-label="GET /functions"]').waitFor()
    assert.equal(await page.locator('[aria-label="GET /functions"]').count(), 0)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.locator('[aria-label="GET /functions"]').waitFor()
    assert.deepEqual(
      (await rowsOf(page)).map(({ request }) => request),
      ['GET /requests', 'GET /logout', 'GET /functions', 'GET /requests'],
    )
    await context.close()
  })

  it('stops listening in a tab that is hidden for long, and catches up when it is shown', async () => {
    const context = await browser.newContext()
    const [page, tab] = [await context.newPage(), await context.newPage()]
    await page.clock.install()
    let open = 0
    page.on('request', (request) => request.url().endsWith('/live') && open++)
    page.on('requestfailed', (request) => request.url().endsWith('/live') && open--)
    await page.goto(`${demo.url}/requests`)
    await page.locator('[data-is-live]').waitFor()
    const show = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))`)
    await show(true)
    await page.clock.runFor(30_000)
    assert.equal(open, 1)
    await page.clock.runFor(31_000)
    await until(async () => open === 0)
    await tab.goto(`${demo.url}/logout`)
    await show(false)
    await page.locator('[aria-label="GET /logout"]').waitFor()
    assert.equal(open, 1)
    await context.close()
  })

  it('finds the server again after a restart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-wire-'))
    let server = await startDemo(directory)
    const context = await browser.newContext()
    try {
      const [page, tab] = [await context.newPage(), await context.newPage()]
      await page.goto(`${server.url}/requests`)
      await page.locator('[data-is-live]').waitFor()
      assert.equal(await server.end('SIGTERM'), 0, 'an open page does not keep the server from stopping')
      await page.getByText('Reconnecting').waitFor()
      server = await startDemo(directory, server.port)
      await page.locator('[data-is-live]').waitFor()
      await tab.goto(`${server.url}/logout`)
      await page.locator('[aria-label="GET /logout"]').waitFor()
    } finally {
      await context.close()
      await server.end('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    }
  })

  it('is the same around any server, with no word of complaint from the browser', async (t) => {
    const store = memoryStore()
    const sessions = new Sessions<{ hat?: string; password?: string }>({ store })
    const devtools = createDevtools({ sessions, store })
    const application = coatcheck(sessions, async (request, response) => {
      const session = await sessions.open(request)
      if (request.url === '/hat')
        await session.update((data) => Object.assign(data, { hat: 'bowler', password: 'SENTINEL' }))
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><title>Shop</title><link rel="icon" href="data:,">')
    })
    const server = createServer(devtools.node(application)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://localhost:${(server.address() as AddressInfo).port}`
    const context = await browser.newContext()
    t.after(async () => {
      await context.close()
      devtools.close()
      await new Promise((resolve) => server.close(resolve))
    })
    const problems: string[] = []
    context.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    context.on('weberror', (error) => problems.push(String(error.error())))
    const [wire, stored, shop] = [await context.newPage(), await context.newPage(), await context.newPage()]
    await wire.goto(`${url}/__coatcheck`)
    await stored.goto(`${url}/__coatcheck/store`)
    await Promise.all([wire, stored].map((page) => page.locator('[data-is-live]').waitFor()))
    await wire.getByText('No request yet.').waitFor()
    await shop.goto(`${url}/hat?secret=SENTINEL`)
    await shop.goto(`${url}/hat`)
    await stored.locator('.lines').getByText('hat:"bowler"').waitFor()
    await wire.locator('[aria-label="GET /hat"]').nth(1).waitFor()
    await until(async () => (await rowsOf(wire)).every(({ status }) => status === 200))
    assert.equal((await rowsOf(wire)).length, 2)
    for (const page of [wire, stored]) assert.doesNotMatch(await page.content(), /SENTINEL/)
    assert.deepEqual(problems, [])
  })

  it('works without JavaScript, by a link, and says what is missing', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${demo.url}/requests`)
    assert.equal((await rowsOf(page)).length, 1)
    assert.match((await page.locator('noscript').textContent()) ?? '', /Without JavaScript this page does not follow/)
    assert.ok(await page.locator('noscript p').isVisible())
    assert.equal(await page.getByRole('button', { name: 'Pause' }).count(), 0)
    await page.getByRole('link', { name: 'Refresh' }).click()
    await page.locator('[aria-label="GET /requests"]').nth(1).waitFor()
    await context.close()
  })
})

async function rowsOf(page: Page): Promise<Row[]> {
  const rows = (await page.evaluate(`[...document.querySelectorAll('.requests > li')].map((row) => {
    const texts = (selector) => [...row.querySelectorAll(selector)].map(({ textContent }) => textContent)
    return {
      request: texts('.request .step-title')[0],
      sent: texts('.request .step-detail')[0],
      answer: texts('.response .step-title')[0],
      received: texts('.response .step-detail'),
    }
  })`)) as { request: string; sent: string; answer: string; received: string[] }[]
  const after = (lines: string[], name: string) =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2))
  return rows.map(({ request, sent, answer, received }) => ({
    request,
    cookie: after([sent], 'Cookie')[0] ?? '',
    status: Number.parseInt(answer, 10) || 0,
    setCookies: after(received, 'Set-Cookie'),
    location: after(received, 'Location')[0],
  }))
}

/** The documents that a page asked for, as Chromium's own network layer tells of them. */
async function watchNetwork(protocol: CDPSession): Promise<() => Row[]> {
  interface Seen {
    request?: string
    headers?: Record<string, string>
    status?: number
    answer?: Record<string, string>
  }
  const byId = new Map<string, Seen[]>()
  const order: Seen[] = []
  // Of a chain of redirects, all have one id: the first event of each kind belongs to the first of them.
  const note = (id: string, key: keyof Seen, value: Seen) => {
    const list = byId.get(id) ?? []
    byId.set(id, list)
    let seen = list.find((each) => each[key] === undefined)
    if (!seen) {
      seen = {}
      list.push(seen)
      order.push(seen)
    }
    Object.assign(seen, value)
  }
  protocol.on('Network.requestWillBeSent', ({ requestId, request, type }) => {
    const { pathname } = new URL(request.url)
    note(requestId, 'request', { request: type === 'Document' ? `${request.method} ${pathname}` : '' })
  })
  protocol.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => note(requestId, 'headers', { headers }))
  protocol.on('Network.responseReceivedExtraInfo', ({ requestId, headers, statusCode }) =>
    note(requestId, 'answer', { answer: headers, status: statusCode }),
  )
  await protocol.send('Network.enable')
  const header = (headers: Record<string, string> = {}, name: string) =>
    Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1]
  return () =>
    order
      .filter(({ request }) => request)
      .map(({ request = '', headers, status = 0, answer }) => {
        const cookie = header(headers, 'cookie')
        return {
          request,
          cookie: cookie ? `${cookie.split('; ').map(cutPair).join('; ')} (${cookie.length} bytes)` : '',
          status,
          setCookies: (header(answer, 'set-cookie')?.split('\n') ?? []).map((line) =>
            line.replace(/^[^;]*/, (pair) => cutPair(pair)),
          ),
          location: header(answer, 'location')?.split(/[?#]/)[0],
        }
      })
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`it never came to ${isSo}`)
}
