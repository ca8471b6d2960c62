import type { LibraryEvent } from '../wire/library-steps.ts'

/** Who holds the exclusive turn at a session in this process, and how many wait for it. */
export interface TurnState {
  isHeld: boolean
  waiting: number
}

/** As the library's events tell, by the session's handle. Sessions that nobody waits for are not in it. */
export class TurnTable {
  readonly #turns = new Map<string, TurnState>()

  get size(): number {
    return this.#turns.size
  }

  of(handle: string): TurnState {
    return { ...(this.#turns.get(handle) ?? { isHeld: false, waiting: 0 }) }
  }

  note({ name, event }: LibraryEvent): void {
    if (name !== 'turn') return
    const turn = this.#turns.get(event.handle) ?? { isHeld: false, waiting: 0 }
    if (event.state === 'waiting') turn.waiting += 1
    else if (event.state === 'left') turn.isHeld = false
    // Those that began to wait before anybody listened are not counted.
    else turn.waiting = Math.max(0, turn.waiting - 1)
    if (event.state === 'holding') turn.isHeld = true
    if (turn.isHeld || turn.waiting > 0) this.#turns.set(event.handle, turn)
    else this.#turns.delete(event.handle)
  }
}
