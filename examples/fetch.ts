// A small shop on the Fetch API, a function from Request to Response: sign-in with a password, a cart, your devices, sign-out.
// In this repository:
//
//   npx tsx examples/fetch.ts      http://localhost:3000, alice / correct horse; PORT=… for another port
//
// Your own copy needs `coatcheck` and `@node-rs/argon2`, and on Node `@hono/node-server` for the last line; elsewhere it is
// `Deno.serve(handle)` or `Bun.serve({ fetch: handle })`. A shop on the internet also limits how often a password may be tried.
import { serve } from '@hono/node-server'
import { verify } from '@node-rs/argon2'
import { type SessionSummary, Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/fetch'
import { fileStore } from 'coatcheck/stores/file'

interface Shop {
  cart: string[]
}

const sessions = new Sessions<Shop>({
  store: fileStore('./sessions'),
  initial: () => ({ cart: [] }),
})

const routes: Record<string, (request: Request) => Promise<Response>> = {
  'GET /': async (request) => {
    const session = await sessions.open(request)
    const notices = session.flash.take('notice').map(({ text }) => text)
    return page(home(session.userId, session.data.cart, notices))
  },

  'POST /login': async (request) => {
    const form = await formOf(request)
    const name = form.get('name') ?? ''
    if (!(await isPassword(name, form.get('password') ?? ''))) {
      return page('<p>Wrong name or password. <a href="/">Again</a>', 401)
    }
    const session = await sessions.open(request)
    session.signIn(name) // a new cookie; the old one is dead at once
    session.flash.add('notice', `Welcome, ${name}`)
    return redirect('/')
  },

  'POST /cart': async (request) => {
    const form = await formOf(request)
    const session = await sessions.open(request) // POSTs of one session take turns, GETs don't
    session.data.cart.push(form.get('item') ?? 'hat')
    return redirect('/')
  },

  'GET /devices': async (request) => {
    const { userId, handle } = await sessions.open(request, { mode: 'read-only' })
    return userId ? page(devices(await sessions.ofUser(userId).list(), handle)) : redirect('/')
  },

  'POST /devices/revoke': async (request) => {
    const form = await formOf(request)
    const { userId } = await sessions.open(request)
    if (userId) await sessions.ofUser(userId).revoke(form.get('handle') ?? '')
    return redirect('/devices')
  },

  'POST /logout': async (request) => {
    const session = await sessions.open(request, { mode: 'shared' }) // waits for no one
    session.signOut()
    return redirect('/')
  },
}

const handle: (request: Request) => Promise<Response> = coatcheck(sessions, async (request) => {
  const route = routes[`${request.method} ${new URL(request.url).pathname}`]
  return route ? route(request) : page('<p>There is no such page.', 404)
})

const port = Number(process.env.PORT ?? 3000)
serve({ fetch: handle, port, hostname: '127.0.0.1' }, () => console.log(`http://localhost:${port}`))

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

function home(userId: string | undefined, cart: readonly string[], notices: readonly string[]): string {
  const visitor = userId
    ? `<p>Signed in as ${plain(userId)}. <a href="/devices">Your devices</a>
       <form method="post" action="/logout"><button>Sign out</button></form>`
    : `<form method="post" action="/login">
         <input name="name" autocomplete="username" required>
         <input name="password" type="password" autocomplete="current-password" required>
         <button>Sign in</button>
       </form>`
  return `${notices.map((text) => `<p role="status">${plain(text)}`).join('')}
    <h1>Hats</h1> ${visitor}
    <ul>${cart.map((item) => `<li>${plain(item)}`).join('')}</ul>
    <form method="post" action="/cart"><input name="item" value="hat"> <button>Into the cart</button></form>`
}

function devices(list: readonly SessionSummary<Shop>[], ownHandle: string | undefined): string {
  const rows = list.map(
    ({
      handle,
      lastSeenAt,
    }) => `<li>${handle}, seen ${lastSeenAt.toISOString()} ${handle === ownHandle ? '(this one)' : ''}
      <form method="post" action="/devices/revoke"><button name="handle" value="${handle}">Sign out</button></form>`,
  )
  return `<h1>Your devices</h1> <ul>${rows.join('')}</ul> <a href="/">Hats</a>`
}

function page(body: string, status = 200): Response {
  const headers = { 'content-type': 'text/html; charset=utf-8' }
  return new Response(`<!doctype html><html lang="en"><title>Hats</title>${body}`, { status, headers })
}

function redirect(location: string): Response {
  return new Response(null, { status: 303, headers: { location } })
}

/** `request.formData()` would take a body of any size. */
async function formOf(request: Request): Promise<URLSearchParams> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > 10_000) throw new Error('the form is too large')
  }
  return new URLSearchParams(text)
}

function plain(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
