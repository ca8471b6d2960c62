import { bad, type Cell, good, type Scenario, sleep, times } from '../scenario.ts'
import type { Site } from '../site.ts'
import { isSuccess, signedIn, statusTexts, userOf } from './visits.ts'

/** Twenty sessions; in each, one request is under way while the visitor logs out. */
async function logOutDuring(site: Site, method: 'get' | 'post', path: string): Promise<Cell[]> {
  const browsers = await Promise.all(times(20, () => signedIn(site)))
  const before = browsers.map((browser) => browser.copy())
  const late = browsers.map((browser) => browser.copy())
  const stragglers = late.map((browser) => browser[method](path))
  await sleep(200)
  const logouts = await Promise.all(browsers.map((browser) => browser.post('/sign-out')))
  const answers = await Promise.all(stragglers)
  // Neither the cookie of before, nor one that the late answer has set, may be worth anything.
  const users = await Promise.all([...before, ...late, ...browsers].map(userOf))
  const revived = times(20, (index) => [0, 20, 40].some((offset) => users[index + offset] === 'alice')).filter(
    Boolean,
  ).length
  const waits = logouts.filter(({ ms }) => ms > 400).length > 10
  const isLost = method === 'post' && answers.every(isSuccess) && revived === 0 && !waits
  const answer = `${statusTexts(answers)}${isLost ? ', change lost' : ''}`
  return [
    revived === 0 ? good('0 of 20') : bad(`${revived} of 20`),
    revived > 0 || isLost ? bad(answer) : good(answer),
    waits ? bad('waits for it') : good('does not wait'),
  ]
}

export const logout: readonly Scenario[] = [
  {
    rows: ['Logout during a slow change: sessions revived', '… the change is answered', '… the logout'],
    story:
      'In each of twenty sessions a POST takes 900 ms; 200 ms into it the visitor logs out. Revived: a cookie of before, or one that the late answer set, is signed in.',
    run: (site) => logOutDuring(site, 'post', '/write?key=a&value=1&wait=900'),
  },
  {
    rows: ['Logout during a slow page view: sessions revived'],
    story: 'The same with a GET that only reads.',
    run: async (site) => (await logOutDuring(site, 'get', '/read?wait=900')).slice(0, 1),
  },
]
