import type { FlashEntry } from './record-body.ts'

/** More than these, the oldest go. */
const maxMessages = 20

/** Messages for the next page, each shown once (post/redirect/get). They are added and taken one by one, so that requests side by side lose none. */
export interface FlashMessages {
  /** The kind is at most 64 characters, the text at most 4,096. A session holds at most 20 messages; then the oldest go. */
  add(kind: string, text: string): void
  /** The messages, of one kind or of all, in the order they were added. They are gone once this response is out. */
  take(kind?: string): { kind: string; text: string }[]
}

/** The messages of one request's session. */
export class Flash implements FlashMessages {
  readonly #stored: () => readonly FlashEntry[] | undefined
  readonly #assertOpen: (method: string) => void
  readonly #randomName: () => string
  #added: FlashEntry[] = []
  readonly #taken = new Set<string>()

  /** Sessions make their own. */
  constructor(
    stored: () => readonly FlashEntry[] | undefined,
    assertOpen: (method: string) => void,
    randomName: () => string,
  ) {
    this.#stored = stored
    this.#assertOpen = assertOpen
    this.#randomName = randomName
  }

  add(kind: string, text: string): void {
    this.#assertOpen('flash.add')
    if (kind === '' || kind.length > 64 || text.length > 4096)
      throw new TypeError('flash.add: a kind of at most 64 characters, and a text of at most 4,096')
    this.#added.push({ id: this.#randomName().slice(0, 11), kind, text })
  }

  take(kind?: string): { kind: string; text: string }[] {
    this.#assertOpen('flash.take')
    const isAsked = (entry: FlashEntry): boolean =>
      !this.#taken.has(entry.id) && (kind === undefined || entry.kind === kind)
    const taken = [...(this.#stored() ?? []), ...this.#added].filter(isAsked)
    for (const { id } of taken) this.#taken.add(id)
    this.#added = this.#added.filter(({ id }) => !this.#taken.has(id))
    return taken.map(({ kind, text }) => ({ kind, text }))
  }

  /** Whether something would be lost if it were not stored. */
  get hasAdded(): boolean {
    return this.#added.length > 0
  }

  /** What shall be stored, given what is. The same array where nothing changes. */
  applyTo(stored: readonly FlashEntry[] | undefined): readonly FlashEntry[] | undefined {
    if (!this.hasAdded && !stored?.some(({ id }) => this.#taken.has(id))) return stored
    const left = [...(stored ?? []).filter(({ id }) => !this.#taken.has(id)), ...this.#added]
    return left.length > 0 ? left.slice(-maxMessages) : undefined
  }

  /** What was added is stored. */
  settle(): void {
    this.#added = []
  }
}
