import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { WebSocketServer } from 'ws'
import { openStore } from './opened-store.ts'

/* One of several processes with open connections, each of which ends with its session. */

const { store } = await openStore(JSON.parse(process.argv[2] ?? '{}'))
const sessions = new Sessions({ store })
const sockets = new WebSocketServer({ noServer: true })

const server = createServer(
  coatcheck(sessions, async (request, response) => {
    if (request.url === '/events') {
      const { ended } = await sessions.open(request, { mode: 'read-only', touch: false })
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: open\n\n')
      ended.addEventListener('abort', () => response.end('data: ended\n\n'))
    } else {
      const session = await sessions.open(request)
      session.signIn(request.url === '/login/bob' ? 'bob' : 'alice')
      response.end()
    }
  }),
)

server.on('upgrade', async (request, socket, head) => {
  sessions.attach(request, {
    method: 'GET',
    header: (name) => request.headers[name]?.toString(),
    secure: false,
    host: request.headers.host ?? '',
    isAborted: false,
    onClose: (listener) => void socket.once('close', listener),
  })
  const { ended } = await sessions.open(request, { mode: 'read-only', touch: false })
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    ended.addEventListener('abort', () => webSocket.close(4001, ended.reason.code))
  })
})

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
