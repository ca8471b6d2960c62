import { coatcheck } from 'coatcheck/adapters/hono'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { whatIsWrongWith } from '../login/accounts.ts'
import { checkPassword, type Refusal } from '../login/check-password.ts'
import { clientOf } from '../login/client.ts'
import { page } from '../page.ts'
import { coats, Login } from '../pages/login.tsx'
import { ConfirmLogout, LoggedOut } from '../pages/logout.tsx'
import { addStep } from '../request-log.ts'

export function loginRoutes(demo: Demo): Hono<DemoEnv> {
  const { sessions, clock } = demo
  const routes = new Hono<DemoEnv>()

  routes.get('/login', async (c) => {
    const view = await viewOf(c)
    const asksForCookie = c.req.query('cookie') === 'missing' && !view.signedInAs
    const cookieMissing = asksForCookie ? (c.req.header('cookie') ? 'works now' : 'still') : undefined
    return page(c, <Login {...view} cookieMissing={cookieMissing} />)
  })

  async function viewOf(c: DemoContext) {
    const { userId, data } = await sessions.open(c, { mode: 'read-only' })
    const signedInAs = userId && (data.username ?? userId)
    return { frame: frameOf(c, demo), host: c.req.header('host') ?? 'this server', coat: data.coat, signedInAs }
  }

  routes.post('/login', async (c) => {
    // First of all: another site's page must not cost a try, nor the time of a password's hash. `shared`, so that nobody waits for that one.
    const session = await sessions.open(c, { mode: 'shared' })
    const field = await readForm(c)
    const username = field('username').trim().normalize()
    const password = field('password')
    const remember = field('remember') === 'yes'
    const refuse = async (status: 400 | 401 | 429 | 503, text: string, at?: 'username' | 'password') => {
      const error = { text, ...(at && { field: at }) }
      const view = { ...(await viewOf(c)), username: username.slice(0, 64), remember, error }
      return page(c, <Login {...view} />, status)
    }

    const wrong = whatIsWrongWith(username)
    if (wrong) return refuse(400, wrong, 'username')

    const checked = await checkPassword(c, demo, { username, password })
    if ('refusal' in checked) {
      const { refusal } = checked
      return refuse(refusal.status, inWords(refusal), refusal.why === 'busy' ? undefined : 'password')
    }
    const { account } = checked

    const name = cookieNameOf(c, 'sid', demo.isSecure(c))
    const oldCookie = getCookie(c, name)
    session.signIn(account.username, { remember })
    Object.assign(session.data, { ...account, client: clientOf(c) })
    await session.save()

    const viewer = c.get('viewer')
    if (viewer.knownNames.size < 20) viewer.knownNames.add(account.username)
    viewer.login = {
      request: c.get('logged'),
      oldCookie: oldCookie ? await tryCookie(c, `${name}=${oldCookie}`) : 'none',
    }
    return c.redirect('/dashboard', 303)
  })

  /** Opens a session as a visitor with this cookie would, to tell the visitor what a copy of their old cookie is worth. */
  const bystander = new Hono<DemoEnv>()
    .use(coatcheck(sessions, { trustProxy: demo.trustProxy }))
    .get('*', async (c) => c.json((await sessions.open(c, { mode: 'read-only', touch: false })).isStored))

  async function tryCookie(c: DemoContext, cookie: string): Promise<'refused' | 'accepted' | 'none'> {
    addStep({ text: 'The demo tries the old cookie' })
    const proxied = c.req.header('x-forwarded-proto')
    const headers = { cookie, host: c.req.header('host') ?? '', ...(proxied && { 'x-forwarded-proto': proxied }) }
    const answer = await bystander.request(c.req.url, { headers }, c.env)
    // The login has happened, whatever becomes of this.
    if (!answer.ok) return 'none'
    return (await answer.json()) === true ? 'accepted' : 'refused'
  }

  routes.post('/coat', async (c) => {
    const field = await readForm(c)
    const coat = coats.find((each) => each === field('coat'))
    if (coat) (await sessions.open(c)).data.coat = coat
    return c.redirect('/login#coat', 303)
  })

  routes.get('/logout', async (c) => {
    const { userId, data } = await sessions.open(c, { mode: 'read-only' })
    const frame = frameOf(c, demo)
    if (userId) return page(c, <ConfirmLogout frame={frame} username={data.username ?? userId} />)
    const last = c.get('viewer').requests.at(-2)
    const logout = last?.method === 'POST' && last.path === '/logout' ? last : undefined
    return page(c, <LoggedOut frame={frame} logout={logout} now={clock()} />)
  })

  routes.post('/logout', async (c) => {
    const session = await sessions.open(c, { mode: 'shared' })
    session.destroy()
    return c.redirect('/logout', 303)
  })

  return routes
}

function inWords({ why, retryAfter = 1 }: Refusal): string {
  if (why === 'wrong') return 'The username or the password is wrong.'
  return why === 'busy'
    ? `Too many people log in at this moment. Try again in ${seconds(retryAfter)}.`
    : `Too many tries from here. Wait ${seconds(retryAfter)}, then try again.`
}

function seconds(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`
}
