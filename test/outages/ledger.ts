import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Visitor } from '../http/visitor.ts'

/**
 * One visitor who does one thing after another and notes what was acknowledged. Whatever fails may have happened, or not;
 * what was acknowledged must hold once the store is back.
 */
export class Ledger {
  readonly #newVisitor: () => Visitor
  #visitor: Visitor
  #isSignedIn = false
  #acknowledged = 0
  #unclear = 0
  #signOutIsUnclear = false
  /** Cookies of sessions that were signed out, and acknowledged to be. */
  readonly #dead: Visitor[] = []
  readonly mistakes: string[] = []
  readonly statuses = new Map<number, number>()
  /** Milliseconds. */
  slowest = 0

  constructor(newVisitor: () => Visitor) {
    this.#newVisitor = newVisitor
    this.#visitor = newVisitor()
  }

  /** Goes on until it is told to stop. */
  async run(isOver: () => boolean): Promise<void> {
    for (let step = 0; !isOver(); step++) {
      if (!this.#isSignedIn) await this.#signIn()
      else if (step % 17 === 16) await this.#signOut()
      else if (step % 3 === 0) await this.#count('POST', '/n')
      else if (step % 3 === 1) await this.#count('GET', '/update')
      else await this.#look()
    }
  }

  /** Every acknowledged change is there, every acknowledged sign-in opens, and no acknowledged sign-out has come undone. */
  async judge(): Promise<void> {
    for (const visitor of this.#dead) {
      const { status, body } = await answerOf(visitor, '/who')
      if (`${status} ${body}` !== '200 nobody') this.mistakes.push(`a session that was signed out: ${status} ${body}`)
    }
    if (!this.#isSignedIn) return
    const who = await answerOf(this.#visitor, '/who')
    const isGone = this.#signOutIsUnclear && who.body === 'nobody'
    if (isGone) return
    if (`${who.status} ${who.body}` !== '200 alice') this.mistakes.push(`a sign-in is lost: ${who.status} ${who.body}`)
    const { n } = JSON.parse((await answerOf(this.#visitor, '/data')).body)
    const isRight = n >= this.#acknowledged && n <= this.#acknowledged + this.#unclear
    if (!isRight) this.mistakes.push(`n is ${n}: ${this.#acknowledged} acknowledged, ${this.#unclear} unclear`)
  }

  async #ask(method: string, path: string): Promise<Answer> {
    const before = this.#visitor.ticket
    const startedAt = performance.now()
    const answer = await this.#visitor.ask(method, path)
    this.slowest = Math.max(this.slowest, performance.now() - startedAt)
    const { status, setCookies, body } = answer
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    const isError = status === 503 || status === 409
    if (!isError && status !== 200 && status !== 303) this.mistakes.push(`${method} ${path}: ${status} ${body}`)
    if (isError && (setCookies.length > 0 || this.#visitor.ticket !== before))
      this.mistakes.push(`${method} ${path}: ${status} with ${setCookies}`)
    return answer
  }

  async #signIn(): Promise<void> {
    this.#visitor = this.#newVisitor()
    const { status } = await this.#ask('POST', '/login')
    if (status !== 303) return
    this.#isSignedIn = true
    this.#acknowledged = 0
    this.#unclear = 0
    this.#signOutIsUnclear = false
  }

  async #signOut(): Promise<void> {
    const replayed = this.#visitor.copy()
    const { status } = await this.#ask('POST', '/logout')
    if (status === 303) {
      this.#dead.push(replayed)
      this.#isSignedIn = false
    } else this.#signOutIsUnclear = true
  }

  async #count(method: string, path: string): Promise<void> {
    const { status, body } = await this.#ask(method, path)
    if (status !== 200) this.#unclear += 1
    else if (this.#signOutIsUnclear) this.#startOver()
    else {
      const isNext = Number(body) > this.#acknowledged && Number(body) <= this.#acknowledged + this.#unclear + 1
      if (!isNext) this.mistakes.push(`${method} ${path} answered ${body}, after ${this.#acknowledged}`)
      this.#acknowledged += 1
    }
  }

  async #look(): Promise<void> {
    const { status, body } = await this.#ask('GET', '/who')
    if (status !== 200 || body === 'alice') return
    if (body === 'nobody' && this.#signOutIsUnclear) this.#startOver()
    else this.mistakes.push(`GET /who answered ${body}`)
  }

  /** Whether the session is over is not known any more: on with a new one. */
  #startOver(): void {
    this.#isSignedIn = false
    this.#visitor = this.#newVisitor()
  }
}

/** On a machine that has too much to do, a store that is all right may be late. */
async function answerOf(visitor: Visitor, path: string): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await visitor.get(path)
    if (answer.status !== 503 || tries === 50) return answer
    await sleep(100)
  }
}

export function noMistakes(ledgers: readonly Ledger[]): void {
  assert.deepEqual(
    ledgers.flatMap(({ mistakes }) => mistakes),
    [],
  )
}
