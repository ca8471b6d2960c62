// A small shop on Express 5: sign-in with a password, a cart, your devices, sign-out. In this repository:
//
//   npx tsx examples/express.ts      http://localhost:3000, alice / correct horse; PORT=… for another port
//
// Your own copy needs `coatcheck`, `express` and `@node-rs/argon2`. A shop on the internet also limits how often a password
// may be tried.
import { verify } from '@node-rs/argon2'
import { type SessionSummary, Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/express'
import { fileStore } from 'coatcheck/stores/file'
import express from 'express'

interface Shop {
  cart: string[]
}

const sessions = new Sessions<Shop>({
  store: fileStore('./sessions'),
  initial: () => ({ cart: [] }),
})

const app = express()
app.use(coatcheck(sessions))
app.use(express.urlencoded({ limit: '10kb' }))

app.get('/', async (request, response) => {
  const session = await sessions.open(request)
  const notices = session.flash.take('notice').map(({ text }) => text)
  response.send(page(home(session.userId, session.data.cart, notices)))
})

app.post('/login', async (request, response) => {
  const name = field(request.body, 'name')
  if (!(await isPassword(name, field(request.body, 'password')))) {
    response.status(401).send(page('<p>Wrong name or password. <a href="/">Again</a>'))
    return
  }
  const session = await sessions.open(request)
  session.signIn(name) // a new cookie; the old one is dead at once
  session.flash.add('notice', `Welcome, ${name}`)
  response.redirect(303, '/')
})

app.post('/cart', async (request, response) => {
  const session = await sessions.open(request) // POSTs of one session take turns, GETs don't
  session.data.cart.push(field(request.body, 'item') || 'hat')
  response.redirect(303, '/')
})

app.get('/devices', async (request, response) => {
  const { userId, handle } = await sessions.open(request, { mode: 'read-only' })
  if (userId) response.send(page(devices(await sessions.ofUser(userId).list(), handle)))
  else response.redirect(303, '/')
})

app.post('/devices/revoke', async (request, response) => {
  const { userId } = await sessions.open(request)
  if (userId) await sessions.ofUser(userId).revoke(field(request.body, 'handle'))
  response.redirect(303, '/devices')
})

app.post('/logout', async (request, response) => {
  const session = await sessions.open(request, { mode: 'shared' }) // waits for no one
  session.signOut()
  response.redirect(303, '/')
})

const port = Number(process.env.PORT ?? 3000)
app.listen(port, '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`http://localhost:${port}`)
})

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

/** A form may hold a name twice, or not at all; without a form there is no body. */
function field(body: { readonly [name: string]: unknown } | undefined, name: string): string {
  const value = body?.[name]
  return typeof value === 'string' ? value : ''
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

function page(body: string): string {
  return `<!doctype html><html lang="en"><title>Hats</title>${body}`
}

function plain(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
