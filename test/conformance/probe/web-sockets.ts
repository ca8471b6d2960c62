import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Exchange, Sessions } from 'coatcheck'
import { WebSocketServer } from 'ws'
import { atTheMomentOf } from './moment.ts'
import type { Data } from './routes.ts'

/** WebSockets at /socket, for signed-in visitors of this origin, until their session ends. */
export function serveWebSockets(server: Server, current: () => Sessions<Data>): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 10_000 })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    atTheMomentOf(request, () => void open(request, socket, head))
  })

  async function open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const isOurs = request.headers.origin === `https://${request.headers.host}`
      if (request.url !== '/socket' || !isOurs) return refuse(socket, '403 Forbidden')
      const sessions = current()
      sessions.attach(request, handshake(request, socket))
      const { userId, ended } = await sessions.open(request, { mode: 'read-only', touch: false })
      await sessions.commit(request)
      if (userId === undefined) return refuse(socket, '401 Unauthorized')
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => webSocket.terminate())
        if (ended.aborted) webSocket.close(4001)
        else ended.addEventListener('abort', () => webSocket.close(4001))
      })
    } catch {
      refuse(socket, '503 Service Unavailable')
    }
  }
}

function handshake({ headers }: IncomingMessage, socket: Duplex): Exchange {
  return {
    method: 'GET',
    header: (name) => headers[name]?.toString(),
    secure: true,
    host: headers.host ?? '',
    get isAborted() {
      return socket.destroyed
    },
    onClose: (listener) => void (socket.destroyed ? listener() : socket.once('close', listener)),
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
