// A small shop on node:http: sign-in with a password, a cart, your devices, sign-out. In this repository:
//
//   npx tsx examples/node-http.ts      http://localhost:3000, alice / correct horse; PORT=… for another port
//
// Your own copy needs `coatcheck` and `@node-rs/argon2`. A shop on the internet also limits how often a password may be tried.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { verify } from '@node-rs/argon2'
import { type SessionSummary, Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { fileStore } from 'coatcheck/stores/file'

interface Shop {
  cart: string[]
}

const sessions = new Sessions<Shop>({
  store: fileStore('./sessions'),
  initial: () => ({ cart: [] }),
})

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<unknown>> = {
  'GET /': async (request, response) => {
    const session = await sessions.open(request)
    const notices = session.flash.take('notice').map(({ text }) => text)
    send(response, 200, home(session.userId, session.data.cart, notices))
  },

  'POST /login': async (request, response) => {
    const form = await formOf(request)
    const name = form.get('name') ?? ''
    if (!(await isPassword(name, form.get('password') ?? ''))) {
      return send(response, 401, '<p>Wrong name or password. <a href="/">Again</a>')
    }
    const session = await sessions.open(request)
    session.signIn(name) // a new cookie; the old one is dead at once
    session.flash.add('notice', `Welcome, ${name}`)
    redirect(response, '/')
  },

  'POST /cart': async (request, response) => {
    const form = await formOf(request)
    const session = await sessions.open(request) // POSTs of one session take turns, GETs don't
    session.data.cart.push(form.get('item') ?? 'hat')
    redirect(response, '/')
  },

  'GET /devices': async (request, response) => {
    const { userId, handle } = await sessions.open(request, { mode: 'read-only' })
    if (!userId) return redirect(response, '/')
    send(response, 200, devices(await sessions.ofUser(userId).list(), handle))
  },

  'POST /devices/revoke': async (request, response) => {
    const form = await formOf(request)
    const { userId } = await sessions.open(request)
    if (userId) await sessions.ofUser(userId).revoke(form.get('handle') ?? '')
    redirect(response, '/devices')
  },

  'POST /logout': async (request, response) => {
    const session = await sessions.open(request, { mode: 'shared' }) // waits for no one
    session.signOut()
    redirect(response, '/')
  },
}

const port = Number(process.env.PORT ?? 3000)
createServer(
  coatcheck(sessions, async (request, response) => {
    const route = routes[`${request.method} ${request.url?.split('?')[0]}`]
    if (route) await route(request, response)
    else send(response, 404, '<p>There is no such page.')
  }),
).listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))

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

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  response.end(`<!doctype html><html lang="en"><title>Hats</title>${body}`)
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end()
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 10_000) throw new Error('the form is too large')
  }
  return new URLSearchParams(text)
}

function plain(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
