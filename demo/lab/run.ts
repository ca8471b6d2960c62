import { randomBytes } from 'node:crypto'
import type { LoggedRequest } from '../request-log.ts'
import type { Attack, RoomChoice, Sender, Side, Verdict } from './attack.ts'
import { LabClient, type Part } from './lab-client.ts'
import type { Place } from './place.ts'
import type { Room } from './room.ts'

/** A request that the cloakroom really got. */
export interface Evidence {
  sender: Sender
  request: LoggedRequest
  /** The size of the run's own cookies in it. */
  cookieBytes: number
  /** By `performance.now()`. */
  arrivedAt: number
}

const maxEvidence = 40

/** One run of one attack, with sessions of its own: nothing in it is anybody else's, and it is over in minutes. */
export class Run {
  /** Whoever knows it can take part: the visitor, their second browser, the evil page. */
  readonly id: string = randomBytes(9).toString('base64url')
  readonly attack: Attack
  readonly side: Side
  readonly viewerId: string
  readonly place: Place
  readonly startedAt: number
  readonly rooms: readonly Room[]
  readonly evidence: Evidence[] = []
  /** What its steps tell each other. */
  readonly notes: Map<string, string> = new Map()
  /** How many steps are done. */
  done = 0
  verdict: Verdict | undefined
  /** The lab is at a step: pressing its button twice does it once. */
  isPlaying = false
  /** Set-Cookie of the visitor's own browser, wanted by a step. */
  plants: string | undefined
  #hold: Hold | undefined
  #arrival: (() => void) | undefined

  constructor(
    attack: Attack,
    {
      side,
      place,
      viewerId,
      startedAt,
      safeRoom,
    }: Pick<RoomChoice, 'side' | 'place' | 'safeRoom'> & { viewerId: string; startedAt: number },
  ) {
    this.attack = attack
    this.side = side
    this.place = place
    this.viewerId = viewerId
    this.startedAt = startedAt
    this.rooms = attack.rooms({ side, place, path: this.path, safeRoom })
  }

  /** Where its cloakroom is. */
  get path(): string {
    return `/cloakroom/${this.id}`
  }

  get room(): Room {
    return this.rooms[0]!
  }

  client(part: Part, cookie?: string): LabClient {
    return new LabClient(this, part, cookie)
  }

  /** A request has come to the cloakroom. */
  add(evidence: Evidence): void {
    if (this.evidence.length < maxEvidence) this.evidence.push(evidence)
    this.#arrival?.()
  }

  /** Something was done at the cloakroom. */
  async did(action: string): Promise<void> {
    const step = this.attack.steps[this.done]
    if (step?.posts?.action === action || step?.awaits === action) await this.advance()
  }

  /** The next step is done. The last one ends the run, and the server's state decides. */
  async advance(): Promise<void> {
    this.done++
    if (this.done === this.attack.steps.length) this.verdict = await this.attack.judge(this)
  }

  /** Resolves when the server has got another request. */
  nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrival = resolve
    })
  }

  /** The next request that has work to do is held in the middle of it. */
  hold(): Hold {
    this.#hold = new Hold()
    return this.#hold
  }

  /** For what takes time. */
  async work(): Promise<void> {
    const hold = this.#hold
    this.#hold = undefined
    await hold?.pass()
  }

  async close(): Promise<void> {
    await Promise.all(this.rooms.map((room) => room.close()))
  }
}

/** Puts requests in an order without any sleep. */
export class Hold {
  readonly reached: Promise<void>
  release: () => void = () => {}
  #reach: () => void = () => {}
  readonly #released: Promise<void>

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#reach = resolve
    })
    this.#released = new Promise((resolve) => {
      this.release = resolve
    })
  }

  async pass(): Promise<void> {
    this.#reach()
    // Whoever holds it may fail.
    const patience = setTimeout(this.release, 3_000)
    await this.#released
    clearTimeout(patience)
  }
}
