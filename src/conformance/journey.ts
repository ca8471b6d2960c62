import type { Application } from './application.ts'
import type { RouteName } from './description.ts'
import type { Exchanged, Visitor } from './visitor.ts'

/** What happened on the way through the application. */
export interface Journey {
  readonly exchanges: readonly Exchanged[]
  /** Every value that the session cookie had. */
  readonly tickets: readonly string[]
}

/** One visitor's way through everything that is described, from the first page to the logout: what many checks look at. */
export function journey(application: Application): Promise<Journey> {
  return application.keep('journey', async () => {
    const visitor = application.visitor()
    const name = await application.sessionCookieName()
    const tickets = new Set<string>()
    const remember = (): void => {
      const value = visitor.cookies.get(name)
      if (value) tickets.add(value)
    }
    for (const step of steps(application, visitor)) {
      await step()
      remember()
    }
    return { exchanges: visitor.exchanges, tickets: [...tickets] }
  })
}

function steps(application: Application, visitor: Visitor): (() => Promise<unknown>)[] {
  const user = application.user()
  const ifThere = (name: RouteName, values = {}) => (application.has(name) ? [() => visitor.ask(name, values)] : [])
  return [
    ...ifThere('page'),
    () => visitor.send('/no-such-page'),
    ...ifThere('anonymousWrite'),
    () => visitor.ask('whoAmI'),
    () => visitor.signIn(user),
    () => visitor.ask('whoAmI'),
    () => visitor.ask('whoAmI', {}, { method: 'HEAD' }),
    ...ifThere('writeValue', { key: 'journey', value: 'on the way' }),
    ...ifThere('readValue', { key: 'journey' }),
    ...ifThere('listSessions'),
    ...ifThere('csrfToken'),
    () => visitor.send('/no-such-page'),
    () => visitor.signIn({ ...user, password: 'not the password' }),
    ...ifThere('regenerate'),
    ...ifThere('reauthenticate'),
    ...ifThere('failingSignOut'),
    () => visitor.signIn(user),
    ...ifThere('signOut'),
    ...ifThere('page'),
    () => visitor.ask('whoAmI'),
  ]
}
