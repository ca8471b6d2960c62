import type { Browser, Reply } from '../browser.ts'
import { bad, type Cell, fair, good, none, type Scenario, sleep } from '../scenario.ts'
import type { Site } from '../site.ts'
import { isSuccess, signedIn, statusText, storedValue, userOf } from './visits.ts'

/** A change, and the redirect's page asked for as soon as the headers are there. */
async function redirect(
  browser: Browser,
  key: string,
  saves: boolean,
): Promise<'sees it' | 'does not' | 'no such call'> {
  const reply = await browser.post(`/redirect?key=${key}&value=1${saves ? '&save=1' : ''}`, { headersOnly: true })
  if (reply.status === 501) return 'no such call'
  const isSeen = (await storedValue(browser, key)) === '1'
  await sleep(500)
  return isSeen ? 'sees it' : 'does not'
}

/** A status, with what happened to the process. */
async function answered(site: Site, reply: Reply): Promise<string> {
  await sleep(300)
  return site.isAlive ? statusText(reply) : `${statusText(reply)}, then the server dies`
}

async function frozen(
  site: Site,
  operation: 'read' | 'write',
  request: (browser: Browser) => Promise<Reply>,
): Promise<Cell> {
  const browser = await signedIn(site)
  await site.breakStore({ kind: 'freeze', operation })
  const reply = await request(browser)
  await site.breakStore()
  if (reply.status === 'hangs') return bad('hangs > 5 s')
  return isSuccess(reply) ? bad(`${statusText(reply)}, not saved`) : good(statusText(reply))
}

export const outages: readonly Scenario[] = [
  {
    rows: ['Store takes 200 ms to write: the redirect’s page'],
    story:
      'A POST changes the session and redirects; the page is asked for as soon as the headers have come. Where it misses the change: the same with the library’s call to save.',
    async run(site) {
      const browser = await signedIn(site)
      await site.breakStore({ kind: 'delay', operation: 'write', delayMs: 200 })
      const plain = await redirect(browser, 'a', false)
      const saved = plain === 'sees it' ? plain : await redirect(browser, 'b', true)
      await site.breakStore()
      if (plain === 'sees it') return [good('sees the change')]
      return [bad(saved === 'sees it' ? 'misses it, unless save() is called' : 'misses it')]
    },
  },
  {
    rows: ['Store read fails', '… and afterwards the visitor is'],
    story: 'A page view while reads fail, and another when they work again.',
    async run(site) {
      const browser = await signedIn(site)
      await site.breakStore({ kind: 'fail', operation: 'read' })
      const reply = await browser.get('/read')
      const text = await answered(site, reply)
      const isDead = !site.isAlive
      if (!isDead) await site.breakStore()
      const user = isDead ? null : await userOf(browser)
      const wasAnonymous = isSuccess(reply) && reply.json.user === null
      return [
        wasAnonymous ? bad(`${text}, as nobody`) : text.includes('dies') ? bad(text) : good(text),
        user === 'alice' ? good('signed in') : bad('logged out'),
      ]
    },
  },
  {
    rows: ['Store write fails'],
    story: 'A POST changes the session while writes fail.',
    async run(site) {
      const browser = await signedIn(site)
      await site.breakStore({ kind: 'fail', operation: 'write' })
      const reply = await browser.post('/write?key=a&value=1')
      const text = await answered(site, reply)
      return [
        isSuccess(reply) || text.includes('dies')
          ? bad(`${text}${isSuccess(reply) ? ', change lost' : ''}`)
          : good(text),
      ]
    },
  },
  {
    rows: ['Store delete fails: the logout is answered', '… and a copy of the cookie'],
    story: 'A logout while deletes fail; then a copy of the cookie from before.',
    async run(site) {
      const browser = await signedIn(site)
      const before = browser.copy()
      await site.breakStore({ kind: 'fail', operation: 'destroy' })
      const reply = await browser.post('/sign-out')
      const text = await answered(site, reply)
      if (!site.isAlive) return [bad(text), none('the server is dead')]
      await site.breakStore()
      const stays = (await userOf(before)) === 'alice'
      return [
        isSuccess(reply) && stays ? bad(`${text}, as if it had worked`) : good(text),
        stays ? (isSuccess(reply) ? bad('still signed in') : fair('still signed in, as was said')) : good('is dead'),
      ]
    },
  },
  {
    rows: ['Store never answers a read'],
    story: 'A page view while reads are never answered: is there a status within five seconds?',
    wrecks: true,
    run: async (site) => [await frozen(site, 'read', (browser) => browser.get('/read'))],
  },
  {
    rows: ['Store never answers a write'],
    story: 'A POST changes the session while writes are never answered.',
    wrecks: true,
    run: async (site) => [await frozen(site, 'write', (browser) => browser.post('/write?key=a&value=1'))],
  },
]
