import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SessionEvents } from '../../core/events.ts'

/** Something that was done while a request was answered. */
export interface LibraryStep {
  text: string
  /** Milliseconds: of a call to the store, or of a wait. */
  duration?: number
  isWarning?: boolean
}

type Words = { [Name in keyof SessionEvents]: (event: SessionEvents[Name]) => LibraryStep | undefined }

const words: Words = {
  store: ({ operation, handle, outcome, duration }) => ({
    text: `${doing[operation]}${handle ? ` ${handle}` : ''}${outcome === 'ok' ? '' : `: ${outcome}`}`,
    duration,
    isWarning: outcome === 'failed' || outcome === 'timed-out',
  }),
  turn: (event) =>
    event.state === 'holding'
      ? { text: `Waited for its turn at ${event.handle}`, duration: event.waited }
      : event.state === 'given-up'
        ? { text: `Its turn at ${event.handle} did not come`, isWarning: true }
        : undefined,
  created: ({ handle }) => ({ text: `Session ${handle} begins` }),
  rotated: ({ handle, reason }) => ({
    text: `New secret for ${handle}: ${reason === 'privilege' ? 'the old cookie is dead' : 'it was time'}`,
  }),
  ended: ({ handle, reason }) => ({ text: `Session ${handle} was ${endings[reason]}` }),
  discarded: ({ reason }) => ({ text: `Changes were dropped: ${reason}`, isWarning: true }),
  conflict: ({ keys }) => ({
    text: `Two requests changed ${keys.join(', ')}; the later one was stored`,
    isWarning: true,
  }),
  rejected: ({ reason }) => ({ text: `The cookie opens nothing: ${reasons[reason]}`, isWarning: true }),
  refused: ({ guard }) => ({ text: `The ${guard} guard refused the request`, isWarning: true }),
  availability: (event) => ({
    text: {
      unavailable: 'The store does not answer: nobody asks it for the moment',
      probing: 'The store is being tried',
      available: 'The store is back',
    }[event.state],
    isWarning: event.state === 'unavailable',
  }),
  suspicious: ({ handle }) => ({ text: `An old cookie of ${handle} was used: someone has a copy`, isWarning: true }),
}

const endings = {
  destroyed: 'destroyed',
  revoked: 'revoked',
  reuse: 'ended, as its old cookie was used again',
  limit: 'ended, as its user has too many',
} satisfies Record<SessionEvents['ended']['reason'], string>

const doing = {
  read: 'Read record',
  write: 'Write record',
  touch: 'Move the expiry of',
  delete: 'Delete record',
  lockAndRead: 'Lock and read record',
  list: 'List records',
  deleteByUser: 'Delete records of the user',
  deleteExpired: 'Clear expired records',
} satisfies Record<SessionEvents['store']['operation'], string>

const reasons = {
  doubled: 'it came twice',
  malformed: 'it is no ticket',
  unknown: 'there is no such record',
  expired: 'it has expired',
  'wrong-secret': 'its secret is wrong',
  spent: 'it was replaced by a newer one',
  corrupt: 'its record is damaged',
  newer: 'a newer version of the library has stored its record',
} satisfies Record<SessionEvents['rejected']['reason'], string>

/** An event of the library, with its channel's name. */
export type LibraryEvent = {
  [Name in keyof SessionEvents]: { name: Name; event: SessionEvents[Name] }
}[keyof SessionEvents]

/** Calls back, within the request at hand, for everything that the library does. Returns how to stop. */
export function watchLibrary(onEvent: (event: LibraryEvent) => void): () => void {
  const listeners = Object.keys(words).map((name) => {
    const listener = (event: unknown): void => onEvent({ name, event } as LibraryEvent)
    subscribe(`coatcheck:${name}`, listener)
    return () => void unsubscribe(`coatcheck:${name}`, listener)
  })
  return () => {
    for (const stop of listeners) stop()
  }
}

/** What happened, in words; undefined for what is no news. */
export function stepOf({ name, event }: LibraryEvent): LibraryStep | undefined {
  // `words` pairs each name with its own event's type.
  return (words[name] as (event: unknown) => LibraryStep | undefined)(event)
}
