// Server-sent events that stop when the session ends, in whichever process it ends: two of them share one port and one
// directory of sessions here. In this repository:
//
//   npx tsx examples/server-sent-events.ts      http://localhost:3000; PORT=… for another port
//
// Sign in, open the page in two tabs, sign out in one of them: within about a second the other one says so.
// Signing in takes no password here; examples/node-http.ts has that part.
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { fileStore } from 'coatcheck/stores/file'

const port = Number(process.env.PORT ?? 3000)
if (cluster.isPrimary) {
  cluster.fork()
  cluster.fork()
} else {
  serve()
}

function serve(): void {
  const sessions = new Sessions({ store: fileStore('./sessions') })

  const server = createServer(
    coatcheck(sessions, async (request, response) => {
      response.setHeader('x-process', process.pid)
      switch (`${request.method} ${request.url}`) {
        case 'GET /': {
          const { userId } = await sessions.open(request, { mode: 'read-only' })
          response.setHeader('content-type', 'text/html; charset=utf-8').end(page(userId !== undefined))
          break
        }
        case 'GET /events': {
          // Not a sign of life: a page left open all night does not keep its session from ending.
          const session = await sessions.open(request, { mode: 'read-only', touch: false })
          if (!session.userId) {
            response.writeHead(401).end() // an EventSource does not try again after that
            break
          }
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          const tell = (event: string, data: string) => response.write(`event: ${event}\ndata: ${data}\n\n`)
          const news = setInterval(() => tell('news', new Date().toISOString()), 1000)
          response.once('close', () => clearInterval(news))
          session.ended.addEventListener('abort', () => {
            // Or this server stops (`sessions.close()`): then the browser connects again by itself, to another one.
            if (session.ended.reason?.code !== 'ERR_SERVER_STOPPING') tell('ended', 'you have been signed out')
            response.end()
          })
          tell('news', `this is process ${process.pid}`)
          break
        }
        case 'POST /login': {
          const session = await sessions.open(request)
          session.signIn('alice')
          response.writeHead(303, { location: '/' }).end()
          break
        }
        case 'POST /logout': {
          const session = await sessions.open(request, { mode: 'shared' })
          session.signOut()
          response.writeHead(303, { location: '/' }).end()
          break
        }
        default:
          response.writeHead(404).end()
      }
    }),
  )
  server.listen(port, '127.0.0.1', () => console.log(`process ${process.pid} on http://localhost:${port}`))
}

function page(isSignedIn: boolean): string {
  return `<!doctype html><html lang="en"><title>Events</title>
    <form method="post" action="${isSignedIn ? '/logout' : '/login'}"><button>Sign ${isSignedIn ? 'out' : 'in'}</button></form>
    <p role="status" id="news"></p>
    <script type="module">
      const source = new EventSource('/events')
      source.addEventListener('news', ({ data }) => { news.textContent = data })
      source.addEventListener('ended', ({ data }) => { news.textContent = data; source.close() })
    </script>`
}
