import { AsyncResource } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import type { Run } from '../run.ts'
import { newId, weakRoom } from '../weak-sessions.ts'

const sessions = 50
/** A race that can't be won ends after so many tries. So many that miss are one in 10²¹ with 16 bits. */
const maxTries = { off: 65_536, on: 10_000 }
/** And after so long, on a machine that has other things to do. */
const maxMs = 3_000

/** The library tells of each refused cookie. Here it would tell the log of the one request that started the race. */
const apart = new AsyncResource('the guessing race')

export const guessing: Attack = {
  name: 'guessing',
  title: 'Guessing an ID',
  happens: 'The attacker makes up tickets, one after the other, until one is somebody’s.',
  question: 'IDs of 16 bits: there are 65,536. Fifty people are logged in. How many guesses does it take, on average?',
  answers: ['About 1,300', 'About 33,000'],
  right: (run) => (Number(run.notes.get('tries')) < 16_384 ? 0 : 1),
  setup: {
    off: 'Fifty sessions with IDs of 16 random bits, such as `3fa2`.',
    on: 'coatcheck: fifty sessions, each with a ticket of 48 random bytes: 16 to find the record, 32 as the secret.',
  },
  rooms: ({ side, path, safeRoom }) => [side === 'off' ? weakRoom({ path }) : safeRoom('lab-guessing')],
  steps: [
    {
      label: 'Start guessing',
      text: 'The race runs inside the server, on the sessions’ own code. No requests are sent, so no wire rows follow.',
      play: (run) => apart.runInAsyncScope(race, undefined, run),
    },
  ],
  async judge({ notes }) {
    const [tries, hit, rate] = [Number(notes.get('tries')), notes.get('hit'), Number(notes.get('rate'))]
    const many = tries.toLocaleString('en')
    if (hit) return { succeeded: true, text: `Guess no. ${many} was the ID of ${hit}. Nothing had to be stolen.` }
    return {
      succeeded: false,
      text: `None of ${many} guesses was anybody’s, at ${rate.toLocaleString('en')} a second.`,
    }
  },
  why: [
    'What counts is not how many IDs there are, but how many there are for each session: with fifty sessions every 1,300th ID is somebody’s. The attacker does not care whose.',
    'OWASP asks for 128 bits from a generator that nobody can predict. coatcheck’s tickets have 384, of which 256 are a secret that is compared in constant time; the server keeps only its hash, so that even a copy of the store opens nothing.',
  ],
  limits:
    'Over HTTP each guess would take a request, and a limit on them slows the attacker further. It is no replacement: 16 bits are few at any speed.',
  lines: [
    {
      does: 'A ticket: 16 and 32 random bytes',
      path: 'src/core/ticket.ts',
      first: 'export function issueTicket(',
      last: '}',
    },
    {
      does: 'The weak server: two bytes',
      path: 'demo/lab/weak-sessions.ts',
      first: 'export function newId(',
      last: '}',
    },
  ],
}

async function race(run: Run): Promise<void> {
  const { room, side, notes } = run
  await room.populate(sessions)
  const guess = side === 'off' ? newId : () => randomBytes(48).toString('base64url')
  const started = performance.now()
  let tries = 0
  let hit: string | undefined
  while (!hit && tries < maxTries[side] && performance.now() - started < maxMs) {
    hit = await room.holderOf(`${room.cookieName}=${guess()}`)
    tries++
    // Others are served meanwhile.
    if (tries % 50 === 0) await setImmediate()
  }
  notes.set('tries', String(tries))
  notes.set('rate', String(Math.round(tries / ((performance.now() - started) / 1000))))
  if (hit) notes.set('hit', hit)
}

/** A power of ten: how many years it takes on average to hit the secret of one of them. Computed, of course. */
export function yearsAsPowerOfTen(bits: number, rate: number): number {
  const guesses = bits * Math.log10(2) - Math.log10(sessions + 1)
  return Math.round(guesses - Math.log10(rate * 3600 * 24 * 365.25))
}
