/** What this process remembers for a minute, as hashes, so that it need not be done or said again. Never more than 10,000 entries. */
export class Memory {
  readonly #entries = new Map<string, { readonly value: string; readonly until: number }>()

  isKnown(key: string, value: string, now: number): boolean {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.value === value && now < entry.until
  }

  remember(key: string, value: string, now: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: now + 60_000 })
    if (this.#entries.size <= 10_000) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }
}
