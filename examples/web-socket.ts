// WebSockets that close when the session ends, in whichever process it ends: two of them share one port and one directory of
// sessions here. In this repository:
//
//   npx tsx examples/web-socket.ts      http://localhost:3000; PORT=… for another port
//
// Sign in, open the page in two tabs, sign out in one of them: within about a second the other one says so.
// Your own copy needs `coatcheck` and `ws`. Signing in takes no password here; examples/node-http.ts has that part.
import cluster from 'node:cluster'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Exchange, Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { fileStore } from 'coatcheck/stores/file'
import { WebSocketServer } from 'ws'

const port = Number(process.env.PORT ?? 3000)
if (cluster.isPrimary) {
  cluster.fork()
  cluster.fork()
} else {
  serve()
}

function serve(): void {
  const sessions = new Sessions({ store: fileStore('./sessions') })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 10_000 })

  const server = createServer(
    coatcheck(sessions, async (request, response) => {
      response.setHeader('x-process', process.pid)
      switch (`${request.method} ${request.url}`) {
        case 'GET /': {
          const { userId } = await sessions.open(request, { mode: 'read-only' })
          response.setHeader('content-type', 'text/html; charset=utf-8').end(page(userId !== undefined))
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

  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    try {
      // A browser lets any site open a WebSocket to any other, so ask where this one comes from.
      const origin = request.headers.origin?.replace(/^https?:\/\//, '')
      if (request.url !== '/socket' || origin !== request.headers.host) {
        return refuse(socket, '403 Forbidden')
      }
      // A handshake does not pass through the listener above. Here it only looks at the session, and has nothing to store.
      sessions.attach(request, handshake(request, socket))
      const session = await sessions.open(request, { mode: 'read-only', touch: false })
      await sessions.commit(request)
      if (!session.userId) return refuse(socket, '401 Unauthorized')
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => webSocket.terminate())
        webSocket.on('message', (message) => webSocket.send(`${session.userId} said ${message}`))
        webSocket.send(`this is process ${process.pid}`)
        const close = () => {
          if (session.ended.reason?.code === 'ERR_SERVER_STOPPING') webSocket.close(1012, 'service restart')
          else webSocket.close(4001, 'you have been signed out')
        }
        if (session.ended.aborted) close()
        else session.ended.addEventListener('abort', close)
      })
    } catch (error) {
      console.error(error)
      refuse(socket, '503 Service Unavailable')
    }
  })

  server.listen(port, '127.0.0.1', () => console.log(`process ${process.pid} on http://localhost:${port}`))
}

/** What a session needs to know of the request that opens it. */
function handshake({ headers }: IncomingMessage, socket: Duplex): Exchange {
  return {
    method: 'GET',
    header: (name) => headers[name]?.toString(),
    secure: 'encrypted' in socket,
    host: headers.host ?? '',
    get isAborted() {
      return socket.destroyed
    },
    onClose: (listener) => {
      if (socket.destroyed) listener()
      else socket.once('close', listener)
    },
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

function page(isSignedIn: boolean): string {
  return `<!doctype html><html lang="en"><title>WebSocket</title>
    <form method="post" action="${isSignedIn ? '/logout' : '/login'}"><button>Sign ${isSignedIn ? 'out' : 'in'}</button></form>
    <p role="status" id="news"></p>
    <script type="module">
      const socket = new WebSocket('ws://' + location.host + '/socket')
      socket.addEventListener('open', () => socket.send('hello'))
      socket.addEventListener('message', ({ data }) => { news.textContent = data })
      socket.addEventListener('close', ({ reason }) => { news.textContent = reason || 'not signed in' })
    </script>`
}
