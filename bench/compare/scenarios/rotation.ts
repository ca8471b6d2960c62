import { bad, type Cell, good, none, type Scenario, sleep, times } from '../scenario.ts'
import type { Site } from '../site.ts'
import { isSuccess, signedIn, statusTexts, storedValues, userOf } from './visits.ts'

/** One session gets a new ID while six of its requests are under way. Undefined where the library has no way to one. */
async function rotate(site: Site) {
  const browser = await signedIn(site)
  const old = new Map(browser.cookies)
  const changes = times(2, (index) => browser.post(`/write?key=k${index}&value=1&wait=700`))
  const views = times(2, () => browser.get('/read?wait=700'))
  await sleep(150)
  const { status } = await browser.post('/rotate')
  for (const key of ['k2', 'k3']) changes.push(sendLate(`/write?key=${key}&value=1`))
  const replies = await Promise.all(changes)
  await Promise.all(views)
  if (status === 501) return undefined
  const isSignedIn = (await userOf(browser)) === 'alice'
  const isOldAlive = (await userOf(browser.copy(old))) === 'alice'
  const values = await storedValues(browser, ['k0', 'k1', 'k2', 'k3'])
  const losesSome = replies.some((reply, index) => isSuccess(reply) && values[`k${index}`] !== '1')
  return { replies, isSignedIn, isOldAlive, losesSome }

  /** With the old cookie, as a request that had left the browser before the new one came. Its Set-Cookie counts. */
  async function sendLate(path: string) {
    const tab = browser.copy(old)
    const reply = await tab.post(path)
    for (const line of tab.setCookies) browser.receive(line)
    return reply
  }
}

export const rotation: readonly Scenario[] = [
  {
    rows: [
      'New ID while requests are in flight: the visitor is',
      '… the old cookie',
      '… changes answered 200 are',
      '… changes are answered',
    ],
    story:
      'Two GETs and two POSTs take 700 ms; 150 ms into them the session gets a new ID; two more POSTs with the old cookie arrive right after that. One cookie jar takes every Set-Cookie in the order it arrives. The worse of two sessions.',
    async run(site) {
      const rounds = [await rotate(site), await rotate(site)].filter((round) => round !== undefined)
      if (rounds.length === 0) return Array<Cell>(4).fill(none('no way to a new ID'))
      const losesSome = rounds.some((round) => round.losesSome)
      const answers = statusTexts(rounds.flatMap(({ replies }) => replies))
      return [
        rounds.every(({ isSignedIn }) => isSignedIn) ? good('still signed in') : bad('logged out'),
        rounds.some(({ isOldAlive }) => isOldAlive) ? bad('still opens the session') : good('is dead'),
        losesSome ? bad('lost, some of them') : good('all there'),
        losesSome ? bad(answers) : good(answers),
      ]
    },
  },
]
