// Step 2 of docs/from-php.md: one page after the other is Node's; what is not moved yet is PHP's. In this repository, with PHP installed:
//
//   npx tsx examples/php-to-typescript/2-move.ts      http://localhost:3000/login, alice / correct horse; PORT=… for another port
//
import type { IncomingMessage, ServerResponse } from 'node:http'
import { coatcheck } from 'coatcheck/adapters/node'
import { $_SESSION, session_destroy, session_regenerate_id, session_start, session_unset } from 'coatcheck/php'
import { servePhp } from './serve-php.ts'
import { savePath, sharedSessions } from './shared-sessions.ts'
import { answer, checkedName, formOf, listen, loginForm, type Pages, pathOf, plain, redirect, send } from './site.ts'

const moved: Pages = { '/dashboard': dashboard, '/login': login, '/logout': logout, '/cart': cart }
const php = await servePhp(savePath)
const pages = coatcheck(sharedSessions, (request, response) => answer(moved, request, response))
listen((request, response) => (Object.hasOwn(moved, pathOf(request)) ? pages : php)(request, response))

async function dashboard(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  await session_start()
  const { user, cart = [] } = $_SESSION
  if (!user) return redirect(response, '/login')
  $_SESSION.visits = ($_SESSION.visits ?? 0) + 1
  send(response, `Hello, ${plain(user)}: ${plain(cart.join(', '))}`)
}

async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return send(response, loginForm)
  const name = await checkedName(request)
  if (!name) return send(response, loginForm, 401)
  await session_start()
  await session_regenerate_id(true)
  $_SESSION.user = name
  redirect(response, '/dashboard')
}

async function logout(_request: IncomingMessage, response: ServerResponse): Promise<void> {
  await session_start()
  session_unset()
  await session_destroy()
  redirect(response, '/login')
}

async function cart(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const item = request.method === 'POST' && ((await formOf(request)).get('item') ?? 'hat')
  await session_start()
  $_SESSION.cart ??= []
  if (item) $_SESSION.cart.push(item)
  send(response, `In the cart: ${plain($_SESSION.cart.join(', '))}`)
}
