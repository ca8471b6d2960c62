import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SessionEvents } from 'coatcheck'
import { addStep } from './request-log.ts'

/** Something the library did while a request was answered. */
export interface LibraryStep {
  text: string
  /** Milliseconds, for a call to the store. */
  duration?: number
  isWarning?: boolean
}

type Words = { [Name in keyof SessionEvents]: (event: SessionEvents[Name]) => LibraryStep }

const words: Words = {
  store: ({ operation, handle, outcome, duration }) => ({
    text: `${doing[operation]}${handle ? ` ${handle}` : ''}${outcome === 'ok' ? '' : `: ${outcome}`}`,
    duration,
    isWarning: outcome === 'failed' || outcome === 'timed-out',
  }),
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

/** Writes what the library publishes into the log of the request at hand. Returns how to stop. */
export function watchLibrary(): () => void {
  const listeners = Object.entries(words).map(([name, say]) => {
    // `words` pairs each name with its own message's type, which Object.entries forgets.
    const listener = (message: unknown) => addStep((say as (event: unknown) => LibraryStep)(message))
    subscribe(`coatcheck:${name}`, listener)
    return () => unsubscribe(`coatcheck:${name}`, listener)
  })
  return () => {
    for (const stop of listeners) stop()
  }
}
