import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SessionEvents } from 'coatcheck'
import { address } from './moment.ts'

const names = ['created', 'rotated', 'ended', 'discarded', 'rejected', 'suspicious', 'availability'] as const

/** How many unknown ids of one address are an attack, and no mistake. */
const guessesToAlert = 50

/** What an operator of this application would see: every event of the library, and what the application adds, a line each. */
export class OperatorLog {
  readonly #lines: string[] = []
  readonly #listeners = new Map<string, (message: unknown) => void>()
  readonly #guesses = new Map<string, number>()
  #count = 0

  constructor() {
    for (const name of names) {
      const listener = (message: unknown): void => {
        this.write(name, message)
        if (name === 'rejected') this.#watchForGuessing(message as SessionEvents['rejected'])
      }
      this.#listeners.set(`coatcheck:${name}`, listener)
      subscribe(`coatcheck:${name}`, listener)
    }
  }

  /** JSON keeps whatever a visitor has sent within its line. */
  write(what: string, details: unknown): void {
    this.#lines.push(`${++this.#count} ${what} ${JSON.stringify(details)}`)
    if (this.#lines.length > 2_000) this.#lines.shift()
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  close(): void {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener)
  }

  /** Tells whoever is on duty. The address is not shut out: others may be behind it. */
  #watchForGuessing({ reason }: SessionEvents['rejected']): void {
    if (reason !== 'unknown' && reason !== 'wrong-secret') return
    const guesses = (this.#guesses.get(address()) ?? 0) + 1
    this.#guesses.set(address(), guesses)
    if (guesses === guessesToAlert) this.write('alert', { what: 'guessing of session ids', from: address() })
  }
}
