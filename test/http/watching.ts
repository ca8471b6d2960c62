import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TestContext } from 'node:test'
import type { SessionEvents } from 'coatcheck'

/** All there are: a new one does not compile until it is here. */
const channels: { readonly [Name in keyof SessionEvents]: true } = {
  created: true,
  rotated: true,
  ended: true,
  discarded: true,
  conflict: true,
  rejected: true,
  refused: true,
  suspicious: true,
  turn: true,
  store: true,
  availability: true,
}

export interface Watched {
  /** The messages of one channel so far, in order. */
  of<Name extends keyof SessionEvents>(name: Name): SessionEvents[Name][]
  /** Everything so far, as an operator's log would hold it. */
  readonly log: { readonly name: string; readonly message: unknown }[]
}

/** Listens to every channel of coatcheck until the test is over. */
export function watch(t: TestContext): Watched {
  const log: { name: string; message: unknown }[] = []
  for (const name of Object.keys(channels)) {
    const listener = (message: unknown): void => void log.push({ name, message })
    subscribe(`coatcheck:${name}`, listener)
    t.after(() => unsubscribe(`coatcheck:${name}`, listener))
  }
  return {
    log,
    of: (name) =>
      log.filter((entry) => entry.name === name).map(({ message }) => message as SessionEvents[typeof name]),
  }
}
