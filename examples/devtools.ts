// The devtools around a server that you develop: what your browser sent, what the library did, and what is stored. In this repository:
//
//   npx tsx examples/devtools.ts      http://localhost:3000; PORT=… for another port
//
// Open /__coatcheck first, then use the page in another tab. Only this machine is answered, and never with NODE_ENV=production.
import { createServer } from 'node:http'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { createDevtools } from 'coatcheck/devtools'
import { fileStore } from 'coatcheck/stores/file'

const store = fileStore('./sessions')
const sessions = new Sessions<{ visits?: number }>({ store })
const devtools = createDevtools({ sessions, store })

const app = coatcheck(sessions, async (request, response) => {
  const session = await sessions.open(request)
  const visits = await session.update((data) => (data.visits = (data.visits ?? 0) + 1))
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(
    `<!doctype html><title>Visits</title><p>Visit no. ${visits}. <a href="/__coatcheck">What was stored?</a>`,
  )
})

const port = Number(process.env.PORT ?? 3000)
createServer(devtools.node(app)).listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
