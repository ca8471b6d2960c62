// A small shop on Hono: sign-in with a password, a cart, your devices, sign-out. In this repository:
//
//   npx tsx examples/hono.ts      http://localhost:3000, alice / correct horse; PORT=… for another port
//
// Your own copy needs `coatcheck`, `hono`, `@hono/node-server` and `@node-rs/argon2`. A shop on the internet also limits how
// often a password may be tried.
import { serve } from '@hono/node-server'
import { verify } from '@node-rs/argon2'
import { type SessionSummary, Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { fileStore } from 'coatcheck/stores/file'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { html } from 'hono/html'

interface Shop {
  cart: string[]
}
type Html = ReturnType<typeof html>

const sessions = new Sessions<Shop>({
  store: fileStore('./sessions'),
  initial: () => ({ cart: [] }),
})

const app = new Hono()
app.use(coatcheck(sessions))
app.use(bodyLimit({ maxSize: 10_000 }))

app.get('/', async (c) => {
  const session = await sessions.open(c)
  const notices = session.flash.take('notice').map(({ text }) => text)
  return c.html(page(home(session.userId, session.data.cart, notices)))
})

app.post('/login', async (c) => {
  const name = await field(c, 'name')
  if (!(await isPassword(name, await field(c, 'password')))) {
    return c.html(page(html`<p>Wrong name or password. <a href="/">Again</a>`), 401)
  }
  const session = await sessions.open(c)
  session.signIn(name) // a new cookie; the old one is dead at once
  session.flash.add('notice', `Welcome, ${name}`)
  return c.redirect('/', 303)
})

app.post('/cart', async (c) => {
  const item = await field(c, 'item')
  const session = await sessions.open(c) // POSTs of one session take turns, GETs don't
  session.data.cart.push(item || 'hat')
  return c.redirect('/', 303)
})

app.get('/devices', async (c) => {
  const { userId, handle } = await sessions.open(c, { mode: 'read-only' })
  if (!userId) return c.redirect('/', 303)
  return c.html(page(devices(await sessions.ofUser(userId).list(), handle)))
})

app.post('/devices/revoke', async (c) => {
  const handle = await field(c, 'handle')
  const { userId } = await sessions.open(c)
  if (userId) await sessions.ofUser(userId).revoke(handle)
  return c.redirect('/devices', 303)
})

app.post('/logout', async (c) => {
  const session = await sessions.open(c, { mode: 'shared' }) // waits for no one
  session.signOut()
  return c.redirect('/', 303)
})

const port = Number(process.env.PORT ?? 3000)
serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => console.log(`http://localhost:${port}`))

/** By name, as your database has them. This one is of "correct horse", made by `hash` of the same package. */
const passwordHashes = new Map([
  ['alice', '$argon2id$v=19$m=19456,t=2,p=1$y5GEsElo4MmUyo8vM0sbOg$e7hZPVQ24Y+UiNu7DO9fEgmoNBCnJMXn/OF1Qa9zu5c'],
])
const [anyHash = ''] = passwordHashes.values()

/** A name that nobody has takes as long as one that somebody has. */
async function isPassword(name: string, password: string): Promise<boolean> {
  const isRight = await verify(passwordHashes.get(name) ?? anyHash, password)
  return isRight && passwordHashes.has(name)
}

/** A field of a form may also be a file, or missing. */
async function field(c: Context, name: string): Promise<string> {
  const { [name]: value } = await c.req.parseBody()
  return typeof value === 'string' ? value : ''
}

function home(userId: string | undefined, cart: readonly string[], notices: readonly string[]): Html {
  const visitor = userId
    ? html`<p>Signed in as ${userId}. <a href="/devices">Your devices</a>
        <form method="post" action="/logout"><button>Sign out</button></form>`
    : html`<form method="post" action="/login">
        <input name="name" autocomplete="username" required>
        <input name="password" type="password" autocomplete="current-password" required>
        <button>Sign in</button>
      </form>`
  return html`${notices.map((text) => html`<p role="status">${text}`)}
    <h1>Hats</h1> ${visitor}
    <ul>${cart.map((item) => html`<li>${item}`)}</ul>
    <form method="post" action="/cart"><input name="item" value="hat"> <button>Into the cart</button></form>`
}

function devices(list: readonly SessionSummary<Shop>[], ownHandle: string | undefined): Html {
  const rows = list.map(
    ({
      handle,
      lastSeenAt,
    }) => html`<li>${handle}, seen ${lastSeenAt.toISOString()} ${handle === ownHandle ? '(this one)' : ''}
      <form method="post" action="/devices/revoke"><button name="handle" value="${handle}">Sign out</button></form>`,
  )
  return html`<h1>Your devices</h1> <ul>${rows}</ul> <a href="/">Hats</a>`
}

function page(body: Html): Html {
  return html`<!doctype html><html lang="en"><title>Hats</title>${body}`
}
