import type { Session } from 'coatcheck'
import type { VisitedSession } from '../application/application.ts'

/** What a session of ours is called where no library is named. */
export function visited(session: Session<Record<string, unknown>>): VisitedSession {
  return {
    get: (key) => (key === 'user' ? session.userId : session.data[key]),
    set: (key, value) => {
      session.data[key] = value
    },
    signIn: (user) => session.signIn(user),
    signOut: () => session.signOut(),
    rotate: () => session.regenerateId(),
    save: () => session.save(),
  }
}
