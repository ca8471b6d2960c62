import { randomnessOf } from '../../randomness.ts'
import { type Check, NotAskable } from '../check.ts'
import type { Site } from '../site.ts'

/** What the ids themselves show. */
export const strength: readonly Check[] = [
  {
    id: 'id-guessable',
    severity: 'high',
    title: 'Session ids can be guessed',
    fix: 'Make them of 128 random bits or more, from the operating system’s source (`crypto.randomBytes`); a UUID has 122.',
    sources: [
      'ASVS 5.0 7.2.3, 11.5.1',
      'OWASP Session Management Cheat Sheet, Session ID Entropy',
      'NIST SP 800-63B-4 §5.1',
    ],
    async look(site) {
      const values = await sample(site)
      const logins = site.visitors.filter(({ exchanges }) => exchanges.some(({ method }) => method === 'POST')).length
      if (values.length === 1 && logins > 1) return { seen: 'every login is given the same id' }
      if (values.length < 3) throw new NotAskable(`only ${values.length} ids were given`)
      const bits = Math.floor(bitsOf(values))
      // An estimate may be a bit or two short; a UUID is six.
      if (bits >= 126) return undefined
      const seen = `${values.length} ids show at most ${bits} random bits, as in ${shape(values[0]!)}`
      return { seen, severity: bits < 64 ? 'high' : 'low' }
    },
  },
  {
    id: 'id-meaningful',
    severity: 'medium',
    title: 'The cookie’s value says something',
    fix: 'Keep what it says on the server, and let the id mean nothing.',
    sources: ['OWASP Session Management Cheat Sheet, Session ID Content', 'NIST SP 800-63B-4 §5.1.1'],
    look(site) {
      const names = Object.entries(site.options.fields).filter(([, value]) => value.length >= 4)
      for (const value of site.issuedValues()) {
        for (const text of readings(value)) {
          const field = names.find(([, given]) => text.toLowerCase().includes(given.toLowerCase()))
          if (field) return { seen: `it holds what was filled in as ${field[0]}`, severity: 'high' }
          if (/\{"\w+":/.test(text)) return { seen: 'it holds JSON, which anybody can read' }
        }
      }
      return undefined
    },
  },
]

/** As many as are asked for; where a page gives ids away without a login, a hundred, as that costs little. */
async function sample(site: Site): Promise<string[]> {
  const { first, cookieName, options } = site
  const giving = first.visitor.exchanges.find(({ method, cookies }) => method === 'GET' && cookies.has(cookieName))
  const isFree = giving !== undefined && first.anonymous.has(cookieName)
  for (let more = (isFree ? 100 : options.samples) - site.issuedValues().length; more > 0; more--) {
    if (isFree) await site.newVisitor().ask(giving.path)
    else await site.newSignedIn()
  }
  return site.issuedValues()
}

/** At most so many: what the alphabet could hold in the places that change; of many ids, no more than these do hold. */
function bitsOf(values: readonly string[]): number {
  const ids = values.map(decodedPercent)
  const { alphabet, bits } = randomnessOf(values)
  const width = Math.log2([10, 16, 32, 64].find((size) => size >= alphabet) ?? 256)
  const places = [...(ids[0] ?? '')].filter((letter, index) => ids.some((id) => id[index] !== letter)).length
  if (ids.length < 50) return places * width
  // Miller and Madow: a small sample seems less random than its source.
  return Math.min(places * width, bits + (places * (alphabet - 1)) / (2 * ids.length * Math.LN2))
}

/** Such as `xxxx-9999`: letters and digits without what they are. */
function shape(value: string): string {
  const text = value.replace(/\d/g, '9').replace(/[a-z]/gi, 'x')
  return text.length > 48 ? `${text.slice(0, 48)}…` : text
}

/** What the value may be a code of. */
function readings(value: string): string[] {
  const texts = [value, decodedPercent(value)]
  for (const part of decodedPercent(value).split(/[.:]/)) {
    if (/^[\w+/=-]{8,}$/.test(part)) texts.push(Buffer.from(part, 'base64').toString('utf8'))
    if (/^([\da-f]{2}){4,}$/i.test(part)) texts.push(Buffer.from(part, 'hex').toString('utf8'))
  }
  return texts
}

function decodedPercent(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
