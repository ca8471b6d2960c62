import { randomBytes } from 'node:crypto'
import { SessionError } from 'coatcheck'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { Account, Cloakroom, Message } from '../pages/lab/cloakroom.tsx'
import type { Sender } from './attack.ts'
import type { AttackLab } from './attack-lab.ts'
import { partHeader } from './lab-client.ts'
import { evilOrigin, isThisMachine } from './place.ts'
import type { Visit } from './room.ts'
import type { Run } from './run.ts'

const parts: readonly string[] = ['attacker', 'thief', 'browser', 'tab 1', 'tab 2']

/** The site that is attacked: one application on two kinds of sessions. Each run has its own, under an address that nobody can guess. */
export function cloakroomRoutes(demo: Demo, lab: AttackLab): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>()

  const answer = (c: DemoContext, view: HtmlEscapedString | Promise<HtmlEscapedString>, status: ContentfulStatusCode) =>
    c.html(`<!DOCTYPE html>${view}`, status)
  const say = (c: DemoContext, status: ContentfulStatusCode, title: string, text: string) => {
    const run = lab.find(c.req.param('run') ?? '')
    return answer(
      c,
      <Cloakroom frame={frameOf(c, demo)} run={run} title={title}>
        <Message text={text} />
      </Cloakroom>,
      status,
    )
  }
  const runOf = (c: DemoContext): Run => {
    const run = lab.find(c.req.param('run') ?? '')
    if (run) return run
    throw new HTTPException(404, {
      message: 'This run is over: each lasts for a few minutes. Start it again in the lab.',
    })
  }
  const openAll = (c: DemoContext, options?: { readonly mode: 'shared' }): Promise<Visit[]> =>
    Promise.all(runOf(c).rooms.map((room) => room.open(c, options)))
  const back = (c: DemoContext, to: 'account' | 'bye') => {
    const { attack, side, path } = runOf(c)
    return c.redirect(attack.landsOn === 'cloakroom' ? `${path}/${to}` : `/lab/${attack.name}#${side}`, 303)
  }

  routes.onError((error, c) => {
    if (error instanceof SessionError)
      return say(
        c,
        error.status as ContentfulStatusCode,
        'Refused',
        `${error.code}: the cloakroom’s sessions refused this request, and nothing was stored.`,
      )
    if (error instanceof HTTPException) return say(c, error.status as ContentfulStatusCode, 'Refused', error.message)
    throw error
  })

  routes.use('/cloakroom/:run/:action', async (c, next) => {
    if (!isThisMachine(c.req.header('host') ?? ''))
      throw new HTTPException(421, { message: 'The lab is for this machine alone.' })
    const run = runOf(c)
    const { action } = c.req.param()
    const sender = senderOf(c, run)
    const names = run.rooms.map(({ cookieName }) => cookieName)
    run.add({ sender, request: c.get('logged'), cookieBytes: bytesOf(c, names), arrivedAt: performance.now() })

    const inAllRooms = run.rooms.reduceRight<() => Promise<void>>(
      (inner, room) => async () => void (await room.middleware(c, inner)),
      next,
    )
    await inAllRooms()
    const ticket = sender === 'you' && issued(c, run.room.cookieName)
    if (ticket) run.notes.set('ticket', ticket)
    const did = whatWasDone(c, run, { action, sender })
    if (did) await run.did(did)
  })

  routes.post('/cloakroom/:run/login', async (c) => {
    for (const visit of await openAll(c)) visit.signIn('alice')
    return back(c, 'account')
  })

  routes.post('/cloakroom/:run/logout', async (c) => {
    for (const visit of await openAll(c, { mode: 'shared' })) visit.signOut()
    return back(c, 'bye')
  })

  routes.get('/cloakroom/:run/bye', (c) =>
    say(c, 200, 'You are logged out', 'The record is deleted on the server. Now press your browser’s Back button.'),
  )

  routes.get('/cloakroom/:run/account', async (c) => {
    const run = runOf(c)
    const visits = await openAll(c)
    const [visit] = visits
    if (!visit?.user) return say(c, 401, 'Nobody is logged in', 'The cloakroom shows no coats to strangers.')
    const proof = randomBytes(9).toString('base64url')
    run.notes.set('proof', proof)
    const formToken = visits.map((each) => each.formToken).find((token) => token !== undefined)
    return answer(
      c,
      <Account frame={frameOf(c, demo)} run={run} hooks={visit.data.hooks ?? []} proof={proof} formToken={formToken} />,
      200,
    )
  })

  routes.post('/cloakroom/:run/hang', async (c) => {
    const visits = await openAll(c)
    const what = (await readForm(c))('what').slice(0, 40)
    for (const { data } of visits) data.hooks = [...(data.hooks ?? []), what].slice(-10)
    await runOf(c).work()
    return back(c, 'account')
  })

  // A GET that changes something: a fault of the application, on both kinds of sessions.
  routes.on(['GET', 'POST'], '/cloakroom/:run/give', async (c) => {
    const { method } = c.req
    const visits = await openAll(c)
    const field = method === 'POST' ? await readForm(c) : (name: string) => c.req.query(name) ?? ''
    const to = field('to') === 'Bob' ? 'Bob' : 'Mallory'
    const owners = visits.filter((visit) => visit.user && (method === 'GET' || visit.accepts(field('token'))))
    for (const { data } of owners) data.givenAway = [...(data.givenAway ?? []), `to ${to} by ${method}`].slice(-10)
    return owners.length > 0
      ? say(c, 200, 'Done', `Alice’s coat has been given to ${to}.`)
      : say(c, 403, 'Refused', 'No session here lets this request give a coat away.')
  })

  routes.post('/cloakroom/:run/seen', async (c) => {
    const run = runOf(c)
    const proof = (await readForm(c))('proof')
    if (proof === run.notes.get('proof') && run.done === 2) run.notes.set('seen', 'yes')
    return c.redirect(`/lab/${run.attack.name}#${run.side}`, 303)
  })

  return routes
}

function senderOf(c: DemoContext, run: Run): Sender {
  const part = c.req.header(partHeader)
  if (part && parts.includes(part)) return part as Sender
  const isCrossSite = c.req.header('sec-fetch-site') === 'cross-site'
  if (isCrossSite || c.req.header('origin') === evilOrigin(run.place)) return 'evil page'
  return c.get('viewer').id === run.viewerId ? 'you' : 'someone else'
}

/** What the run may have waited for. */
function whatWasDone(
  c: DemoContext,
  run: Run,
  { action, sender }: { action: string; sender: Sender },
): string | undefined {
  if (sender === 'evil page') return action === 'give' && c.req.method === 'POST' ? action : undefined
  if (sender !== 'you') return undefined
  if (action === 'seen') return run.notes.has('seen') ? 'back' : undefined
  if (action === 'account') return c.res.status === 401 ? 'back' : undefined
  return c.req.method === 'POST' && c.res.status < 400 && action !== 'give' ? action : undefined
}

function issued(c: DemoContext, name: string): string | undefined {
  const line = c.res.headers.getSetCookie().find((each) => each.startsWith(`${name}=`))
  const pair = line?.split(';')[0]
  return pair && pair.length > name.length + 1 ? pair : undefined
}

function bytesOf(c: DemoContext, names: readonly string[]): number {
  const pairs = (c.req.header('cookie') ?? '').split(/;\s*/)
  return pairs.filter((pair) => names.some((name) => pair.startsWith(`${name}=`))).join('; ').length
}
