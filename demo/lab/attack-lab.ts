import type { Attack, Side } from './attack.ts'
import { attacks } from './attacks.ts'
import type { Place } from './place.ts'
import { lifetimeMs } from './room.ts'
import { Run } from './run.ts'
import { type SafeOptions, safeRoom } from './safe-sessions.ts'

export interface AttackLabOptions {
  clock: () => number
  trustProxy?: SafeOptions['trustProxy']
  /** How many runs are kept, of all visitors together. */
  maxRuns?: number
}

/** The runs and predictions of all visitors, in memory, for minutes. */
export class AttackLab {
  readonly #options: Required<Pick<AttackLabOptions, 'maxRuns'>> & AttackLabOptions
  /** The newest last. */
  readonly #runs = new Map<string, Run>()
  readonly #predictions = new Map<string, 0 | 1>()

  constructor(options: AttackLabOptions) {
    this.#options = { maxRuns: 200, ...options }
  }

  /** A new run takes the place of the same visitor's last one of the same attack and side. */
  async start(attack: Attack, { side, viewerId, place }: { side: Side; viewerId: string; place: Place }): Promise<Run> {
    const { clock, trustProxy, maxRuns } = this.#options
    await this.#end(this.of(viewerId, attack, side))
    for (const run of this.#runs.values()) if (this.#isOver(run)) await this.#end(run)
    const [oldest] = this.#runs.values()
    if (this.#runs.size >= maxRuns) await this.#end(oldest)
    const run = new Run(attack, {
      side,
      place,
      viewerId,
      startedAt: clock(),
      safeRoom: (cookie) => safeRoom({ cookie, origin: place.origin, trustProxy, clock }),
    })
    this.#runs.set(run.id, run)
    return run
  }

  find(id: string): Run | undefined {
    const run = this.#runs.get(id)
    return run && !this.#isOver(run) ? run : undefined
  }

  of(viewerId: string, attack: Attack, side: Side): Run | undefined {
    for (const run of this.#runs.values()) {
      if (run.viewerId === viewerId && run.attack === attack && run.side === side && !this.#isOver(run)) return run
    }
    return undefined
  }

  get runs(): readonly Run[] {
    return [...this.#runs.values()]
  }

  predict(viewerId: string, attack: Attack, answer: 0 | 1): void {
    const key = `${viewerId} ${attack.name}`
    this.#predictions.delete(key)
    this.#predictions.set(key, answer)
    const [oldest] = this.#predictions.keys()
    if (this.#predictions.size > 10 * this.#options.maxRuns && oldest) this.#predictions.delete(oldest)
  }

  prediction(viewerId: string, attack: Attack): 0 | 1 | undefined {
    return this.#predictions.get(`${viewerId} ${attack.name}`)
  }

  /** Every cookie of coatcheck's that the lab may hand out, without what the connection adds to its name. */
  readonly safeCookies: readonly string[] = attacks.map(({ name }) => `lab-${name}`)

  async close(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => this.#end(run)))
  }

  #isOver({ startedAt }: Run): boolean {
    return this.#options.clock() - startedAt >= lifetimeMs
  }

  async #end(run: Run | undefined): Promise<void> {
    if (!run) return
    this.#runs.delete(run.id)
    await run.close()
  }
}
