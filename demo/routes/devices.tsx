import { type Session, SessionError, type SessionsPerUser } from 'coatcheck'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { type Demo, type DemoContext, type DemoEnv, frameOf, type VisitorData } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { checkPassword, type Refusal } from '../login/check-password.ts'
import { nameOf } from '../login/client.ts'
import { page } from '../page.ts'
import { capitalised } from '../pages/dashboard.tsx'
import { Devices, type DevicesProps, Ended } from '../pages/devices.tsx'
import { isPanelRequest } from '../request-log.ts'

/** More than anyone has, and little enough to be looked through. */
export const sessionsPerUser = { max: 25, whenFull: 'end-oldest' } satisfies SessionsPerUser

/** Who logged in longer ago proves anew who they are before they end what others may be using (OWASP ASVS 7.5.2). */
const recent = '5m'

/** Which of a user's sessions a form ends. */
type Choice = { handle: string } | 'others' | 'all'

/** The sessions of one user, in whichever browser, and how to end them. */
export function deviceRoutes(demo: Demo): Hono<DemoEnv> {
  const { sessions, clock } = demo
  const routes = new Hono<DemoEnv>()
  const justEnded = new JustEnded()

  routes.get('/devices', async (c) => {
    const session = await sessions.open(c, { touch: !isPanelRequest(c) })
    if (!session.userId) return c.redirect('/login', 303)
    return page(c, <Devices {...(await viewOf(c, session, session.userId))} />)
  })

  async function viewOf(c: DemoContext, session: Session<VisitorData>, userId: string): Promise<DevicesProps> {
    return {
      frame: { ...frameOf(c, demo), path: '/devices' },
      username: session.data.username ?? userId,
      devices: await sessions.ofUser(userId).list({ current: session }),
      isRecent: isRecent(session),
      most: sessionsPerUser.max,
      // A page that looks for news would take what the next one is to say.
      said: isPanelRequest(c) ? [] : session.flash.take('devices').map(({ text }) => text),
      requests: c.get('viewer').requests.slice(-2),
      now: clock(),
    }
  }

  routes.post('/devices/end-others', (c) => end(c, 'others'))
  routes.post('/devices/end-all', (c) => end(c, 'all'))
  routes.post('/devices/:handle/end', (c) => end(c, { handle: c.req.param('handle') }))

  async function end(c: DemoContext, choice: Choice) {
    // Requests of one session take turns here, so that the second of a double click finds what the first has done.
    const session = await sessions.open(c)
    const { userId, flash } = session
    if (!userId) return c.redirect('/login', 303)
    const mine = sessions.ofUser(userId)
    const devices = await mine.list({ current: session })
    const chosen = typeof choice === 'object' ? devices.find(({ handle }) => handle === choice.handle) : undefined
    if (typeof choice === 'object' && !chosen) {
      if (justEnded.has(userId, choice.handle)) return c.redirect('/devices', 303)
      throw new HTTPException(404, { message: 'You have no session of that name. Perhaps it has ended already.' })
    }
    if (chosen?.isCurrent) {
      session.destroy()
      return c.redirect('/devices/ended', 303)
    }

    const refusal = await whatKeeps(c, session, userId)
    if (refusal) {
      const { status, ...problem } = refusal
      const asked = { action: c.req.path, what: inWords(choice, chosen && nameOf(chosen.device ?? {})), ...problem }
      return page(c, <Devices {...(await viewOf(c, session, userId))} asked={asked} />, status)
    }

    if (choice === 'all') {
      session.destroy()
      await mine.revokeAll()
      return c.redirect('/devices/ended', 303)
    }
    if (choice === 'others') {
      const count = await mine.revokeAll({ except: session })
      if (count > 0)
        flash.add('devices', `${count === 1 ? 'One other session has' : `${count} other sessions have`} ended.`)
    } else if (chosen && (await mine.revoke(chosen.handle))) {
      justEnded.add(userId, chosen.handle)
      flash.add('devices', `${capitalised(nameOf(chosen.device ?? {}))} (${chosen.handle}) is logged out.`)
    }
    return c.redirect('/devices', 303)
  }

  /** Undefined when the user has proved who they are: at a login a moment ago, or with the password in this form. */
  async function whatKeeps(c: DemoContext, session: Session<VisitorData>, userId: string) {
    const field = await readForm(c)
    if (isRecent(session)) return undefined
    const password = field('password')
    if (password === '') return { status: 403 } as const

    const checked = await checkPassword(c, demo, { username: userId, password })
    if ('refusal' in checked) return { status: checked.refusal.status, error: errors[checked.refusal.why] } as const
    session.signIn(userId)
    return undefined
  }

  routes.get('/devices/ended', async (c) => {
    const { userId } = await sessions.open(c, { mode: 'read-only' })
    if (userId) return c.redirect('/devices', 303)
    const last = c.get('viewer').requests.at(-2)
    const deed = last?.method === 'POST' && last.path.startsWith('/devices/') ? last : undefined
    return page(c, <Ended frame={{ ...frameOf(c, demo), path: '/devices' }} deed={deed} now={clock()} />)
  })

  return routes
}

const errors: Record<Refusal['why'], string> = {
  wrong: 'The password is wrong.',
  'too many tries': 'Too many tries. Wait a moment, then try again.',
  busy: 'Too many people log in at this moment. Try again in a moment.',
}

function isRecent(session: Session<VisitorData>): boolean {
  try {
    session.requireRecent(recent)
    return true
  } catch (error) {
    if (error instanceof SessionError && error.code === 'ERR_REAUTHENTICATION_REQUIRED') return false
    throw error
  }
}

function inWords(choice: Choice, name = ''): string {
  if (choice === 'all') return 'end all sessions, this one too'
  return choice === 'others' ? 'end all other sessions' : `end ${name}`
}

/** The last sessions that their users ended here: who asks twice, by a double click say, has made no mistake. */
class JustEnded {
  readonly #ended = new Set<string>()

  add(userId: string, handle: string): void {
    this.#ended.add(`${handle} ${userId}`)
    const [oldest] = this.#ended
    if (this.#ended.size > 200 && oldest) this.#ended.delete(oldest)
  }

  has(userId: string, handle: string): boolean {
    return this.#ended.has(`${handle} ${userId}`)
  }
}
