import type { Mode, Session, SessionId, Sessions } from 'coatcheck'

/** What the application under test keeps. `total` is merged by `sum`. `origin` names the record that it was put in first. */
export interface Data {
  n: number
  total: number
  origin?: string
  same?: number
  own0?: number
  own1?: number
  own2?: number
}

export type OwnKey = 'own0' | 'own1' | 'own2'

interface Increment {
  readonly key: 'n' | 'total'
  /** The record in which it is known to be stored, before the request is answered. */
  doneOn: SessionId | undefined
}

/** What a handler says it is about to do, for the invariants to hold it, and the store, to it. */
export class Intent {
  readonly increments: Increment[] = []
  readonly changes: { readonly key: 'same' | OwnKey; readonly value: number; readonly seen: number | undefined }[] = []
  /** Records that have ended when this request has answered ok. */
  readonly ends: SessionId[] = []
  revokes: { readonly userId: string; readonly notBefore: number; readonly except: SessionId | undefined } | undefined
  signsIn: { readonly userId: string; readonly keep?: readonly string[] } | undefined
  beginsSigningIn = false
  /** The first of two factors was proved at that time, in an earlier request. */
  begunAt: number | undefined
  /** Signs in or regenerates the id. */
  isPrivileged = false
}

export interface Tools {
  readonly sessions: Sessions<Data>
  readonly intent: Intent
  /** This request's place among the others. */
  readonly index: number
  readonly now: () => number
  /** The record that the scenario starts with. */
  readonly first: SessionId
  /** When its sign-in began, if it has. */
  readonly begunAt: number
}

/** One thing that requests do. */
export interface RequestKind {
  readonly name: string
  readonly mode: Mode
  /** `own`: the scenario's. `none`: another browser, without one. `jar`: what the browser has by the time it asks. */
  readonly cookie: 'own' | 'old' | 'jar' | 'none'
  /** When it arrives is a choice too; the others have all arrived when the run begins. */
  readonly arrivesLater?: boolean
  readonly isNavigation?: boolean
  /** Acts on sessions that are not its own. */
  readonly isAdministrative?: boolean
  readonly signsOut?: boolean
  readonly keepsOnSignOut?: boolean
  handle(session: Session<Data>, tools: Tools): unknown
}

const kind = (
  name: string,
  options: Partial<Omit<RequestKind, 'name' | 'handle'>>,
  handle: RequestKind['handle'],
): RequestKind => ({ name, mode: 'shared', cookie: 'own', ...options, handle })

const exclusive = { mode: 'exclusive' } as const
const own = (index: number): OwnKey => `own${index as 0 | 1 | 2}`

function put(session: Session<Data>, { intent }: Tools, key: 'same' | OwnKey, value: number): void {
  intent.changes.push({ key, value, seen: session.data[key] })
  session.data[key] = value
}

function increment(session: Session<Data>, { intent }: Tools, key: 'n' | 'total'): Increment {
  const increment: Increment = { key, doneOn: undefined }
  intent.increments.push(increment)
  session.data[key]++
  return increment
}

async function update(session: Session<Data>, { intent }: Tools): Promise<void> {
  const increment: Increment = { key: 'n', doneOn: undefined }
  intent.increments.push(increment)
  await session.update((data) => ++data.n)
  increment.doneOn = session.id
}

function signIn(session: Session<Data>, { intent }: Tools, userId: string, keep?: (keyof Data)[]): void {
  if (session.userId !== undefined && session.userId !== userId) intent.ends.push(session.id!)
  intent.signsIn = { userId, ...(keep && { keep }) }
  intent.isPrivileged = true
  session.signIn(userId, keep && { keep })
}

function beginSignIn(session: Session<Data>, { intent }: Tools): void {
  Object.assign(intent, { isPrivileged: true, beginsSigningIn: true })
  session.beginSignIn('ada')
}

function completeSignIn(session: Session<Data>, { intent, begunAt }: Tools): void {
  if (session.pendingUserId === undefined) return
  Object.assign(intent, { signsIn: { userId: session.pendingUserId }, isPrivileged: true, begunAt })
  session.completeSignIn()
}

function signOut(session: Session<Data>, { intent }: Tools, keep: (keyof Data)[]): void {
  if (session.id) intent.ends.push(session.id)
  session.signOut({ keep })
}

async function revokeAll({ sessions, intent, now }: Tools, except?: Session<Data>): Promise<void> {
  intent.revokes = { userId: 'ada', notBefore: now() + 1, except: except?.id }
  await sessions.ofUser('ada').revokeAll({ except })
}

/** By a name that says what the browser asks for. */
export const kinds = {
  look: kind('look', {}, (session) => session.data),
  readOnly: kind('look, read-only', { mode: 'read-only' }, (session) => session.data),
  lookLater: kind('look later', { cookie: 'jar', arrivesLater: true }, (session) => session.data),
  write: kind('write', {}, (session, tools) => put(session, tools, own(tools.index), tools.index + 1)),
  writeLater: kind('write later', { cookie: 'jar', arrivesLater: true }, (session, tools) =>
    put(session, tools, own(tools.index), tools.index + 1),
  ),
  overwrite: kind('overwrite', {}, (session, tools) => put(session, tools, 'same', tools.index + 1)),
  exclusiveWrite: kind('exclusive write', exclusive, (session, tools) =>
    put(session, tools, own(tools.index), tools.index + 1),
  ),
  exclusiveOverwrite: kind('exclusive overwrite', exclusive, (session, tools) =>
    put(session, tools, 'same', tools.index + 1),
  ),
  sum: kind('sum', {}, (session, tools) => increment(session, tools, 'total')),
  exclusiveIncrement: kind('exclusive n++', exclusive, (session, tools) => increment(session, tools, 'n')),
  update: kind('update', {}, update),
  exclusiveUpdate: kind('exclusive update', exclusive, update),
  pendingAndUpdate: kind('exclusive n++, then update of another key', exclusive, async (session, tools) => {
    const pending = increment(session, tools, 'n')
    await session.update((data) => {
      data[own(tools.index)] = 9
    })
    pending.doneOn = session.id
  }),
  overwriteAndUpdate: kind('overwrite, then update', {}, async (session, tools) => {
    put(session, tools, 'same', tools.index + 1)
    await update(session, tools)
  }),
  save: kind('exclusive n++, saved, then a write', exclusive, async (session, tools) => {
    const saved = increment(session, tools, 'n')
    await session.save()
    saved.doneOn = session.id
    put(session, tools, own(tools.index), tools.index + 1)
  }),
  sumAndUpdate: kind('sum, then update', {}, async (session, tools) => {
    const pending = increment(session, tools, 'total')
    await update(session, tools)
    pending.doneOn = session.id
  }),
  sumAndSave: kind('sum, saved', {}, async (session, tools) => {
    const saved = increment(session, tools, 'total')
    await session.save()
    saved.doneOn = session.id
  }),
  navigateSaving: kind('navigate, saved', { isNavigation: true }, (session) => session.save()),
  updateAndDestroy: kind('update, then destroy', { signsOut: true }, async (session, tools) => {
    await update(session, tools)
    signOut(session, tools, [])
  }),
  signInAndUpdate: kind('sign in, then update', {}, async (session, tools) => {
    signIn(session, tools, 'ada')
    await update(session, tools)
  }),
  changePassword: kind('revoke the others, then sign in', {}, async (session, tools) => {
    await revokeAll(tools, session)
    signIn(session, tools, 'ada')
  }),
  destroy: kind('destroy', { signsOut: true }, (session, tools) => signOut(session, tools, [])),
  exclusiveDestroy: kind('exclusive destroy', { ...exclusive, signsOut: true }, (session, tools) =>
    signOut(session, tools, []),
  ),
  signOutKeeping: kind('sign out keeping a key', { signsOut: true, keepsOnSignOut: true }, (session, tools) =>
    signOut(session, tools, ['same']),
  ),
  signIn: kind('sign in', exclusive, (session, tools) => signIn(session, tools, 'ada')),
  sharedSignIn: kind('shared sign-in', {}, (session, tools) => signIn(session, tools, 'ada')),
  signInWriting: kind('shared sign-in with a write', {}, (session, tools) => {
    signIn(session, tools, 'ada')
    put(session, tools, own(tools.index), tools.index + 1)
  }),
  signInKeepingNothing: kind('sign in keeping nothing', {}, (session, tools) => signIn(session, tools, 'ada', [])),
  signInElsewhere: kind(
    'sign in without a cookie',
    { ...exclusive, cookie: 'none', arrivesLater: true },
    (session, tools) => signIn(session, tools, 'ada'),
  ),
  beginSignIn: kind('begin to sign in', {}, beginSignIn),
  completeSignIn: kind('complete the sign-in', exclusive, completeSignIn),
  completeSignInLater: kind('complete the sign-in later', { cookie: 'jar', arrivesLater: true }, completeSignIn),
  signInAsOther: kind('sign in as another user', {}, (session, tools) => signIn(session, tools, 'bob')),
  regenerate: kind('regenerate', {}, (session, { intent }) => {
    intent.isPrivileged = session.isStored
    session.regenerateId()
  }),
  navigate: kind('navigate', { isNavigation: true }, (session) => session.data),
  navigateWriting: kind('navigate with a write', { isNavigation: true }, (session, tools) =>
    put(session, tools, own(tools.index), tools.index + 1),
  ),
  navigateLater: kind('navigate later', { isNavigation: true, cookie: 'jar', arrivesLater: true }, ({ data }) => data),
  straggle: kind('look with the old cookie', { cookie: 'old' }, (session) => session.data),
  straggleWriting: kind('write with the old cookie', { cookie: 'old' }, (session, tools) =>
    put(session, tools, own(tools.index), tools.index + 1),
  ),
  straggleDestroying: kind('destroy with the old cookie', { cookie: 'old', signsOut: true }, (session, tools) =>
    signOut(session, tools, []),
  ),
  straggleSigningIn: kind('sign in with the old cookie', { cookie: 'old' }, (session, tools) =>
    signIn(session, tools, 'ada'),
  ),
  firstWrite: kind('first write', { cookie: 'none' }, (session, tools) =>
    put(session, tools, own(tools.index), tools.index + 1),
  ),
  lookWithout: kind('look without a cookie', { cookie: 'none' }, (session) => session.data),
  revokeAll: kind('revoke all', { cookie: 'none', arrivesLater: true, isAdministrative: true }, (_, tools) =>
    revokeAll(tools),
  ),
  revokeOthers: kind('revoke the others', {}, (session, tools) => revokeAll(tools, session)),
  revoke: kind('revoke', { cookie: 'none', isAdministrative: true }, async (_, { sessions, intent, first }) => {
    const user = sessions.ofUser('ada')
    const listed = await user.list()
    const target = listed.find(({ data }) => data.origin === 'first')
    if (target && (await user.revoke(target.handle))) intent.ends.push(first)
  }),
  updateListed: kind(
    'update of a listed session',
    { cookie: 'none', isAdministrative: true },
    async (_, { sessions, intent, first }) => {
      const user = sessions.ofUser('ada')
      const target = (await user.list()).find(({ data }) => data.origin === 'first')
      if (!target) return
      const increment: Increment = { key: 'n', doneOn: undefined }
      intent.increments.push(increment)
      const answer = await user.update(target.handle, (data) => ++data.n)
      if (answer === undefined) intent.increments.pop()
      else increment.doneOn = first
    },
  ),
} satisfies { [name: string]: RequestKind }
