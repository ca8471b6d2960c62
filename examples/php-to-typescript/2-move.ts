// Step 2 of docs/from-php.md: one page after the other is Node's; what is not moved yet is PHP's. In this repository, with PHP installed:
//
//   npx tsx examples/php-to-typescript/2-move.ts      http://localhost:3000/login, alice / correct horse; PORT=… for another port
//
import { coatcheck } from 'coatcheck/adapters/node'
import { $_SESSION, session_destroy, session_regenerate_id, session_start, session_unset } from 'coatcheck/php'
import { servePhp } from './serve-php.ts'
import { savePath, sharedSessions } from './shared-sessions.ts'
import { answer, checkedName, formOf, listen, loginForm, type Pages, pathOf, plain, redirect, send } from './site.ts'

const moved: Pages = {
  '/dashboard': async (_request, response) => {
    await session_start()
    const { user, cart = [] } = $_SESSION
    if (!user) return redirect(response, '/login')
    $_SESSION.visits = ($_SESSION.visits ?? 0) + 1
    send(response, `Hello, ${plain(user)}: ${plain(cart.join(', '))}`)
  },

  '/login': async (request, response) => {
    if (request.method !== 'POST') return send(response, loginForm)
    const name = await checkedName(request)
    if (!name) return send(response, loginForm, 401)
    await session_start()
    await session_regenerate_id(true)
    $_SESSION.user = name
    redirect(response, '/dashboard')
  },

  '/logout': async (_request, response) => {
    await session_start()
    session_unset()
    await session_destroy()
    redirect(response, '/login')
  },

  '/cart': async (request, response) => {
    const item = request.method === 'POST' && ((await formOf(request)).get('item') ?? 'hat')
    await session_start() // after what can take long: nobody else has the session from here on
    $_SESSION.cart ??= []
    if (item) $_SESSION.cart.push(item)
    send(response, `In the cart: ${plain($_SESSION.cart.join(', '))}`)
  },
}

const php = await servePhp(savePath)
const pages = coatcheck(sharedSessions, (request, response) => answer(moved, request, response))
listen((request, response) => (Object.hasOwn(moved, pathOf(request)) ? pages : php)(request, response))
