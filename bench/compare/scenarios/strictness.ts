import { bad, type Cell, good, type Scenario, times } from '../scenario.ts'
import type { Site } from '../site.ts'
import { signedIn, storedValue, userOf } from './visits.ts'

/** Sends a cookie that the server has not issued, or no longer, and stores something: is the value made a session? */
async function forged(site: Site, cookies: ReadonlyMap<string, string>): Promise<Cell> {
  const attacker = site.browser().copy(cookies)
  const reply = await attacker.post('/write?key=planted&value=yes')
  const victim = site.browser().copy(cookies)
  const isAdopted = (await storedValue(victim, 'planted')) === 'yes'
  const value = [...cookies.values()][0] ?? ''
  const isEchoed = reply.text.includes(value) || attacker.setCookies.some((line) => line.includes(value))
  const { text } = await site.contents()
  const isStored = idsIn(value).some((id) => text.includes(id))
  const faults = [isAdopted && 'adopted', isEchoed && 'echoed', isStored && 'stored'].filter((fault) => fault)
  return faults.length === 0 ? good('refused') : bad(faults.join(', '))
}

/** The words of a cookie's value that can be an id: signed, prefixed or base64 of JSON, as the libraries write them. */
function idsIn(value: string): string[] {
  const words = decodeURIComponent(value).split(/[.:]/)
  const decoded = words.map((word) => Buffer.from(word, 'base64').toString('latin1').replace(/^"|"$/g, ''))
  return [...words, ...decoded].filter((word) => /^[\w,-]{16,}$/.test(word))
}

/** Another ID of the same shape: each letter and digit is the next one. */
function invented(value: string): string {
  return value.replace(/[a-e0-8]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 1))
}

export const strictness: readonly Scenario[] = [
  {
    rows: ['An invented ID', 'The ID of an ended session'],
    story:
      'A request with an ID that was never issued, and one with the (well signed) cookie of a session that was logged out, each store something. Refused: not adopted, not echoed, not stored.',
    async run(site) {
      const browser = await signedIn(site)
      const cookies = new Map(browser.cookies)
      const altered = new Map([...cookies].map(([name, value]) => [name, invented(value)]))
      await browser.post('/sign-out')
      return [await forged(site, altered), await forged(site, cookies)]
    },
  },
  {
    rows: ['50 anonymous page views: records stored', '… cookies set'],
    story: 'Fifty visitors without a cookie each get a page that looks into the session.',
    async run(site) {
      const before = (await site.contents()).count
      const browsers = times(50, () => site.browser())
      await Promise.all(browsers.map((browser) => browser.get('/read?keys=theme')))
      const records = (await site.contents()).count - before
      const cookies = browsers.reduce((sum, { setCookies }) => sum + setCookies.length, 0)
      return [records, cookies].map((count) => (count === 0 ? good('0') : bad(String(count))))
    },
  },
  {
    rows: ['The ID of the cookie, in the store', 'Signed in with nothing but a copy of the store'],
    story:
      'Looks for the words of a cookie in what the store has written, then tries every word of the store as a cookie.',
    async run(site) {
      const browser = await signedIn(site)
      const [[name, value] = ['', '']] = browser.cookies
      const { text } = await site.contents()
      const joined = text.replaceAll('/', '')
      const isReadable = idsIn(value).some((id) => text.includes(id) || joined.includes(id))
      const words = new Set(
        (`${text}\n${joined}`.match(/[\w,-]{16,}/g) ?? []).flatMap((word) => [word, word.replace(/^sess_/, '')]),
      )
      let opens = false
      for (const word of [...words].slice(-300)) {
        opens ||= (await userOf(site.browser().copy(new Map([[name, word]])))) === 'alice'
      }
      return [isReadable ? bad('readable') : good('not readable'), opens ? bad('yes') : good('no')]
    },
  },
]
