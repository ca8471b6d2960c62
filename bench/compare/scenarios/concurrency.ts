import { bad, type Cell, good, type Scenario, sleep, times } from '../scenario.ts'
import type { Site } from '../site.ts'
import { signedIn, storedValue, storedValues } from './visits.ts'

/** Several rounds, so that the number says what a library does and not how busy the machine was. */
async function usually(round: () => Promise<number>, few = 1): Promise<Cell> {
  const counts = [await round(), await round(), await round()]
  if (counts.every((count) => count === 20)) return good('20')
  counts.push(await round(), await round())
  const median = counts.sort((one, other) => one - other)[2]!
  if (median < few) return bad(`fewer than ${few}`)
  return bad(median === 20 ? '20, not always' : String(median))
}

async function increments(site: Site, method: 'get' | 'post'): Promise<number> {
  const browser = await signedIn(site)
  await Promise.all(times(20, () => browser[method]('/increment?wait=60')))
  return Number(await storedValue(browser, 'n'))
}

async function changesKept(site: Site): Promise<number> {
  const browser = await signedIn(site)
  const path = (index: number) => `/write?key=k${index}&value=${index}&wait=60`
  await Promise.all(times(20, (index) => (index % 2 ? browser.get(path(index)) : browser.post(path(index)))))
  const values = await storedValues(
    browser,
    times(20, (index) => `k${index}`),
  )
  return Object.entries(values).filter(([key, value]) => value === key.slice(1)).length
}

export const concurrency: readonly Scenario[] = [
  {
    rows: ['20 parallel `n++` by POST end at'],
    story:
      'Twenty POSTs of one session at once: each reads `n`, works for 60 ms, and sets `n + 1`. Three rounds, and where one of them loses something the median of five.',
    run: async (site) => [await usually(() => increments(site, 'post'))],
  },
  {
    rows: ['20 parallel `n++` by GET end at'],
    story: 'The same by GET.',
    run: async (site) => [await usually(() => increments(site, 'get'))],
  },
  {
    rows: ['20 parallel changes of different keys: kept'],
    story:
      'Ten POSTs and ten GETs of one session at once, each sets a key of its own. Three rounds, and where one of them loses something the median of five.',
    run: async (site) => [await usually(() => changesKept(site), 5)],
  },
  {
    rows: ['A slow page view and a change: the change is', '… and the change', 'A page view during a slow change'],
    story:
      'A GET that takes 800 ms; 200 ms into it, a POST sets a key. Then a POST that takes 800 ms, and 200 ms into it a GET. Waiting means more than 400 ms.',
    async run(site) {
      const browser = await signedIn(site)
      const reading = browser.get('/read?wait=800')
      await sleep(200)
      const write = await browser.post('/write?key=a&value=1')
      await reading
      const isKept = (await storedValue(browser, 'a')) === '1'
      const writing = browser.post('/write?key=a&value=2&wait=800')
      await sleep(200)
      const read = await browser.get('/read')
      await writing
      return [
        isKept ? good('kept') : bad('erased'),
        write.ms < 400 ? good('does not wait') : bad('waits for the view'),
        read.ms < 400 ? good('does not wait') : bad('waits for the change'),
      ]
    },
  },
]
