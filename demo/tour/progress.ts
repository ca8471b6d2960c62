import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

/** Which of the two answers was guessed. */
export type Guess = 0 | 1

/** How far a visitor has come, and what they guessed at each step. */
export interface Progress {
  /** From 1. */
  readonly step: number
  readonly guesses: readonly (Guess | undefined)[]
}

/** A plain cookie, such as `3.01----`: no secret, and whoever edits it has cheated nobody but themselves. */
export const tourCookie = 'tour'

export const stepCount = 6

/** Undefined for somebody who is not on the tour, and for anything that `keepProgress` did not write. */
export function progressOf(c: Context): Progress | undefined {
  const [, step, guesses] = /^([1-6])\.([01-]{6})$/.exec(getCookie(c, tourCookie) ?? '') ?? []
  if (!step || !guesses) return undefined
  return {
    step: Number(step),
    guesses: [...guesses].map((guess) => (guess === '0' ? 0 : guess === '1' ? 1 : undefined)),
  }
}

export function keepProgress(c: Context, { step, guesses }: Progress): void {
  const letters = Array.from({ length: stepCount }, (_, index) => guesses[index] ?? '-').join('')
  setCookie(c, tourCookie, `${step}.${letters}`, { path: '/', sameSite: 'Lax', httpOnly: true, maxAge: 24 * 3600 })
}

export function endTour(c: Context): void {
  setCookie(c, tourCookie, '', { path: '/', sameSite: 'Lax', httpOnly: true, expires: new Date(0) })
}
