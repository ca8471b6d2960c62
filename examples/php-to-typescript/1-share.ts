// Step 1 of docs/from-php.md: PHP serves its pages as before, Node one of them, and both the same sessions. In this repository, with PHP installed:
//
//   npx tsx examples/php-to-typescript/1-share.ts      http://localhost:3000/login, alice / correct horse; PORT=… for another port
//
import { coatcheck } from 'coatcheck/adapters/node'
import { $_SESSION, session_start } from 'coatcheck/php'
import { servePhp } from './serve-php.ts'
import { savePath, sharedSessions } from './shared-sessions.ts'
import { listen, pathOf, plain, redirect, send } from './site.ts'

const php = await servePhp(savePath)
const dashboard = coatcheck(sharedSessions, async (_request, response) => {
  await session_start()
  const { user, cart = [] } = $_SESSION
  if (!user) return redirect(response, '/login')
  $_SESSION.visits = ($_SESSION.visits ?? 0) + 1
  send(response, `Hello, ${plain(user)}: ${plain(cart.join(', '))}`)
})

listen((request, response) => (pathOf(request) === '/dashboard' ? dashboard : php)(request, response))
