import { bad, type Cell, fair, good, none, type Scenario, sleep } from '../scenario.ts'
import type { Site } from '../site.ts'
import { isSuccess, signedIn, statusText, storedValue } from './visits.ts'

const kinds = ['Date', 'Map', 'Set', 'Uint8Array', 'undefined', 'NaN']

async function isKept(site: Site, kind: string): Promise<{ isKept: boolean; text: string; isRefused: boolean }> {
  const browser = await signedIn(site)
  const reply = await browser.post(`/sample?kind=${kind}`)
  await sleep(300)
  if (!site.isAlive) return { isKept: false, isRefused: false, text: `${statusText(reply)}, then the server dies` }
  const after = await browser.get(`/sample?kind=${kind}`)
  return { isKept: after.json.isSame === true, isRefused: !isSuccess(reply), text: statusText(reply) }
}

async function hard(site: Site, kind: string): Promise<Cell> {
  if (site.subject.needs === 'php' && kind === 'BigInt') return none('PHP has none')
  const { isKept: kept, isRefused, text } = await isKept(site, kind)
  if (kept) return good('kept')
  return isRefused && text !== 'hangs > 5 s' ? fair(`refused, ${text}`) : bad(text === '200' ? '200, lost' : text)
}

export const data: readonly Scenario[] = [
  {
    rows: ['`session.cart.items.push(…)`'],
    story: 'A second request changes an array inside a stored object, in place.',
    async run(site) {
      const browser = await signedIn(site)
      await browser.post('/push')
      await browser.post('/push')
      const cart = (await storedValue(browser, 'cart')) as { items?: unknown[] } | null
      return [cart?.items?.length === 1 ? good('saved') : bad('lost, silently')]
    },
  },
  {
    rows: [`Types kept, of ${kinds.length}`],
    story: `${kinds.join(', ')} (in PHP its counterparts): stored by one request, compared strictly by the next.`,
    async run(site) {
      const results = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await isKept(site, kind)) })))
      const lost = results.filter((result) => !result.isKept)
      const silently = lost.filter(({ isRefused }) => !isRefused)
      if (lost.length === 0) return [good(`${kinds.length}`)]
      const text = `${kinds.length - lost.length}; lost: ${lost.map(({ kind }) => kind).join(', ')}`
      return [silently.length > 0 ? bad(text) : fair(text)]
    },
  },
  {
    rows: ['A BigInt in the session'],
    story: 'The same with a BigInt.',
    wrecks: true,
    run: async (site) => [await hard(site, 'BigInt')],
  },
  {
    rows: ['A cycle in the session'],
    story: 'The same with an object that holds itself.',
    wrecks: true,
    run: async (site) => [await hard(site, 'cycle')],
  },
]
