import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { csrf } from 'coatcheck/security/csrf'
import { memoryStore } from 'coatcheck/stores/memory'
import type { Browser } from 'playwright-core'
import { launch, skip } from '../browser/browser.ts'

/** What docs/csrf.md says of signing in through another site, with a real browser between the two. */
describe('signing in through another site, in Chromium', { skip }, () => {
  let browser: Browser
  let provider: Server
  const shops = new Map<string, Server>()

  before(async () => {
    browser = await launch()
    provider = await listen(answerAsProvider)
    for (const sameSite of ['Lax', 'Strict'] as const) shops.set(sameSite, await listen(shop(sameSite)))
  })
  after(async () => {
    await browser?.close()
    for (const server of [provider, ...shops.values()]) {
      server?.closeAllConnections()
      server?.close()
    }
  })

  const shop = (sameSite: 'Lax' | 'Strict'): RequestListener => {
    const sessions = new Sessions<{ state?: string }>({ store: memoryStore(), guards: [csrf()], cookie: { sameSite } })
    return coatcheck(sessions, async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const html = (text: string) => void response.setHeader('content-type', 'text/html').end(`<!DOCTYPE html>${text}`)
      const goTo = (location: string) => void response.writeHead(303, { location }).end()
      const finish = async (): Promise<void> => {
        const session = await sessions.open(request, { mode: 'exclusive' })
        const isOurs = session.data.state === 'the state'
        delete session.data.state
        if (isOurs) session.signIn('alice')
        html(`<p>${session.userId ?? 'not begun here'}</p>`)
      }
      switch (`${request.method} ${pathname}`) {
        case 'GET /':
          return html(`<form method=post action="/begin?${searchParams}"><button>Begin</button></form>`)
        case 'POST /begin': {
          const session = await sessions.open(request)
          session.data.state = 'the state'
          return goTo(`http://provider.localhost:${portOf(provider)}/?${searchParams}`)
        }
        case 'GET /return':
        case 'POST /opened':
        case 'POST /finish':
          return finish()
        // These open no session.
        case 'POST /return':
          return goTo('/return')
        case 'POST /page':
          return html('<form method=post action=/finish></form><script>document.forms[0].submit()</script>')
        case 'GET /refresh':
          return html('<meta http-equiv="refresh" content="0; url=/return">')
        default:
          return void response.writeHead(404).end()
      }
    })
  }

  /** A page, as providers show one: the browser then comes from there. */
  const answerAsProvider: RequestListener = (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const method = searchParams.get('mode') === 'form_post' ? 'post' : 'get'
    const form = `<form method=${method} action="${searchParams.get('back')}"></form>`
    response.setHeader('content-type', 'text/html')
    response.end(`<!DOCTYPE html>${form}<script>document.forms[0].submit()</script>`)
  }

  for (const [sameSite, mode, path, outcome, title] of [
    ['Lax', 'query', '/return', 'alice', 'finds the session by GET'],
    ['Lax', 'form_post', '/opened', '403', 'is refused by POST where it opens the session'],
    ['Lax', 'form_post', '/return', 'alice', 'by POST finds it when it is sent on to the GET'],
    ['Lax', 'form_post', '/page', 'alice', 'by POST finds it when a page of our own posts once more'],
    ['Strict', 'query', '/return', 'not begun here', 'under SameSite=Strict finds none, by GET either'],
    ['Strict', 'query', '/refresh', 'alice', 'under SameSite=Strict finds it after a page of our own'],
    [
      'Strict',
      'form_post',
      '/page',
      'alice',
      'under SameSite=Strict, by POST, finds it when a page of our own posts once more',
    ],
  ] as const) {
    it(`the way back ${title}`, async () => {
      const context = await browser.newContext()
      try {
        const page = await context.newPage()
        const url = `http://localhost:${portOf(shops.get(sameSite)!)}`
        await page.goto(`${url}/?${new URLSearchParams({ mode, back: url + path })}`)
        await page.getByRole('button').click()
        const end = page.locator('p, pre').first()
        await end.waitFor()
        assert.equal((await end.textContent())?.slice(0, outcome.length), outcome)
      } finally {
        await context.close()
      }
    })
  }
})

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
