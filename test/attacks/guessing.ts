import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { attackerClient } from './attacker-client.ts'
import { begunSession } from './fixation.ts'
import { type Attack, inWords } from './target.ts'

const sessions = 1_000
/** With 16-bit ids, all of them miss all of the sessions once in four million runs. */
const tries = 1_000
const atOnce = 20

/** Cookies of the right form are tried until one is somebody's. */
export const guessing: Attack = async (target) => {
  const right = await target.populate(sessions)
  const [name, own = ''] = (await begunSession(target)).split('=')
  const client = attackerClient(target)
  assert.equal(await client.get('/dashboard', right), 200, 'the right guess would be seen to be')
  const guesses = [...different(tries, () => guessLike(own))]
  const odds = oddsOf(bitsOf(own), sessions)
  for (let first = 0; first < tries; first += atOnce) {
    const batch = guesses.slice(first, first + atOnce).map((guess) => `${name}=${guess}`)
    const hits = await Promise.all(
      batch.map(async (cookie) => {
        return (await client.get('/dashboard', cookie)) === 200 ? cookie : undefined
      }),
    )
    const hit = hits.find((cookie) => cookie !== undefined)
    const holder = hit === undefined ? {} : await target.whoIs(hit)
    if (holder.userId !== undefined) {
      return { succeeded: true, evidence: `try no. ${first + hits.indexOf(hit) + 1} was ${inWords(holder)}; ${odds}` }
    }
  }
  return { succeeded: false, evidence: `none of ${tries} tries was anybody’s; ${odds}` }
}

/** Another value of the same length and alphabet. */
export function guessLike(value: string): string {
  const letters = alphabetOf(value)
  return Array.from(value, () => letters[randomInt(letters.length)]).join('')
}

export function bitsOf(value: string): number {
  return value.length * Math.log2(alphabetOf(value).length)
}

/** How many guesses it takes on average to hit one of so many sessions, as a power of two: without repeating oneself, (2^bits + 1) / (sessions + 1). */
export function expectedBits(bits: number, sessions: number): number {
  return bits - Math.log2(sessions + 1)
}

/** As a power of ten, at a thousand million guesses a second. */
export function yearsAsPowerOfTen(bits: number, sessions: number): number {
  return expectedBits(bits, sessions) * Math.log10(2) - Math.log10(1e9 * 3600 * 24 * 365.25)
}

function oddsOf(bits: number, sessions: number): string {
  const guesses = expectedBits(bits, sessions)
  const many = guesses < 40 ? `${Math.round(2 ** guesses)} tries` : `2^${Math.round(guesses)} tries`
  const years = yearsAsPowerOfTen(bits, sessions)
  return `${bits} bits and ${sessions} sessions want ${many} on average${years > 0 ? `: 10^${Math.round(years)} years at 10^9 a second` : ''}`
}

function alphabetOf(value: string): string {
  const hex = '0123456789abcdef'
  return /^[0-9a-f]+$/.test(value) ? hex : 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
}

function different(count: number, make: () => string): Set<string> {
  const made = new Set<string>()
  while (made.size < count) made.add(make())
  return made
}
