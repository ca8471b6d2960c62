import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { csrf } from 'coatcheck/security/csrf'
import { memoryStore } from 'coatcheck/stores/memory'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launch, skip } from '../browser/browser.ts'

/** A POST as it arrived at the shop, and its answer. */
interface Post {
  readonly path: string | undefined
  readonly site: string
  readonly hasCookie: boolean
  readonly status: number
}

/** What a browser really sends decides, on plain http on this machine: `evil.localhost` is another site, another port is a sibling. */
describe('the CSRF guard, in Chromium', { skip }, () => {
  const sessions = new Sessions<{ hats: number }>({
    store: memoryStore(),
    initial: () => ({ hats: 0 }),
    guards: [csrf()],
  })
  const posts: Post[] = []
  const arrivals = new EventEmitter()
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let shop: Server
  let attacker: Server
  let url: string
  let sibling: string
  let evil: string

  before(async () => {
    browser = await launch()
    shop = await listen(coatcheck(sessions, answer))
    attacker = await listen(attack)
    const port = (server: Server): number => (server.address() as AddressInfo).port
    url = `http://localhost:${port(shop)}`
    sibling = `http://localhost:${port(attacker)}`
    evil = `http://evil.localhost:${port(attacker)}`
  })
  after(async () => {
    await browser?.close()
    for (const server of [shop, attacker]) server?.closeAllConnections()
    for (const server of [shop, attacker]) server?.close()
    await sessions.close()
  })

  const answer = async (request: IncomingMessage, response: Parameters<RequestListener>[1]): Promise<void> => {
    const { method, url: path, headers } = request
    response.on('finish', () => {
      if (method !== 'POST') return
      const [site, hasCookie] = [headers['sec-fetch-site'], headers.cookie !== undefined]
      posts.push({ path, site: String(site), hasCookie, status: response.statusCode })
      arrivals.emit('post')
    })
    if (path === '/favicon.ico') return void response.writeHead(404).end()
    const session = await sessions.open(request)
    if (path === '/login') session.signIn('alice')
    if (path === '/hats') session.data.hats++
    if (path === '/logout') session.signOut()
    if (method === 'POST') return void response.writeHead(303, { location: '/' }).end()
    const { userId = 'nobody', data } = session
    const form = (action: string) => `<form method=post action=${action}><button>${action}</button></form>`
    const sandboxed = `<iframe sandbox="allow-forms allow-scripts" src="/frame"></iframe>`
    const submit = `${form('/hats')}<script>document.forms[0].submit()</script>`
    response.setHeader('content-type', 'text/html')
    if (path === '/frame') response.end(submit)
    else if (path === '/sandbox') response.end(sandboxed)
    else response.end(`<p>${userId} has ${data.hats} hats</p>${['/login', '/hats', '/logout'].map(form).join('')}`)
  }

  /** `/form?/path` posts a form as soon as it is opened, `/fetch?/path` does it by script. */
  const attack: RequestListener = (request, response) => {
    const [kind = '', path = ''] = (request.url ?? '').split('?')
    const form = (action: string, type: string) =>
      `<form method=post action="${action}" enctype="${type}"><input name='{"hats":5,"x":"' value='"}'></form><script>document.forms[0].submit()</script>`
    const pages: { [kind: string]: string } = {
      '/form': form(url + path, 'application/x-www-form-urlencoded'),
      '/json': form(url + path, 'text/plain'),
      '/detour': form(`/redirect?${path}`, 'application/x-www-form-urlencoded'),
      '/fetch': `<script>fetch('${url + path}', { method: 'POST', mode: 'no-cors', credentials: 'include' })</script>`,
      '/beacon': `<script>navigator.sendBeacon('${url + path}', 'hats=5')</script>`,
    }
    if (kind === '/redirect') response.writeHead(307, { location: url + path }).end()
    else if (pages[kind]) response.writeHead(200, { 'content-type': 'text/html' }).end(`<!DOCTYPE html>${pages[kind]}`)
    else response.writeHead(404).end()
  }

  /** A browser of its own for each visit. */
  const visit = async (go: () => Promise<void>): Promise<void> => {
    context = await browser.newContext()
    page = await context.newPage()
    posts.length = 0
    try {
      await go()
    } finally {
      await context.close()
    }
  }

  const shown = async (): Promise<string | null> => {
    await page.goto(url)
    return page.locator('p').textContent()
  }

  const press = async (button: string): Promise<string | null> => {
    await page.getByRole('button', { name: button }).click()
    await page.waitForURL(`${url}/`)
    return page.locator('p').textContent()
  }

  /** Opens a page of the attacker's, and waits for what it makes the browser post. */
  const open = async (address: string): Promise<Post> => {
    posts.length = 0
    await Promise.all([once(arrivals, 'post'), page.goto(address)])
    assert.equal(posts.length, 1)
    return posts[0]!
  }

  it('lets the site’s own forms and scripts do all they did', () =>
    visit(async () => {
      assert.equal(await shown(), 'nobody has 0 hats')
      assert.equal(await press('/login'), 'alice has 0 hats')
      assert.equal(await press('/hats'), 'alice has 1 hats')
      await page.evaluate("fetch('/hats', { method: 'POST' })")
      assert.equal(await shown(), 'alice has 2 hats')
      await page.reload()
      assert.equal(await press('/logout'), 'nobody has 0 hats')
      assert.deepEqual([...new Set(posts.map(({ site, status }) => `${site} ${status}`))], ['same-origin 303'])
    }))

  for (const kind of ['form', 'json', 'detour', 'fetch', 'beacon']) {
    it(`refuses another site’s ${kind}, to a victim who is signed in`, () =>
      visit(async () => {
        await shown()
        await press('/login')
        // SameSite=Lax keeps the cookie back: the guard is the second of two.
        const refused = { path: '/hats', site: 'cross-site', hasCookie: false, status: 403 }
        assert.deepEqual(await open(`${evil}/${kind}?/hats`), refused)
        assert.equal(await shown(), 'alice has 0 hats')
      }))

    it(`refuses a sibling’s ${kind}, which comes with the victim’s cookie`, () =>
      visit(async () => {
        await shown()
        await press('/login')
        const cookies = await context.cookies()
        for (const path of ['/hats', '/logout', '/login']) {
          const refused = { path, site: 'same-site', hasCookie: true, status: 403 }
          assert.deepEqual(await open(`${sibling}/${kind}?${path}`), refused)
        }
        assert.deepEqual(await context.cookies(), cookies)
        assert.equal(await shown(), 'alice has 0 hats')
      }))
  }

  it('refuses to sign a visitor in from another site’s page', () =>
    visit(async () => {
      for (const from of [evil, sibling]) assert.equal((await open(`${from}/form?/login`)).status, 403)
      assert.deepEqual(await context.cookies(), [])
      assert.equal(await shown(), 'nobody has 0 hats')
    }))

  it('refuses a form in a sandboxed frame of the site’s own', () =>
    visit(async () => {
      await shown()
      await press('/login')
      const { site, status } = await open(`${url}/sandbox`)
      assert.deepEqual([site, status], ['cross-site', 403])
      assert.equal(await shown(), 'alice has 0 hats')
    }))
})

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
