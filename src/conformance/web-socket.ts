import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'

/** What a server made of a handshake. */
export interface OpenedWebSocket {
  /** 101 when it is open. */
  readonly status: number
  /** Whether the server closes it in that time, in milliseconds. */
  closedWithin(patience: number): Promise<boolean>
  close(): void
}

/** Asks for a WebSocket with these headers (RFC 6455 §4.1), and listens for its end: nothing is sent on it. */
export async function openWebSocket(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<OpenedWebSocket> {
  const { protocol, hostname, host, port } = new URL(origin)
  const isSecure = protocol === 'https:'
  const options = { host: hostname, port: Number(port || (isSecure ? 443 : 80)) }
  const socket: Socket = isSecure ? connectSecure({ ...options, rejectUnauthorized: false }) : connect(options)
  const lines = {
    Host: host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  }
  socket.write(
    [`GET ${path} HTTP/1.1`, ...Object.entries(lines).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n'),
    'latin1',
  )
  let answered: (status: number) => void = () => {}
  let failed: (error: Error) => void = () => {}
  let ended: () => void = () => {}
  const answer = new Promise<number>((resolve, reject) => {
    answered = resolve
    failed = reject
  })
  const ending = new Promise<void>((resolve) => {
    ended = resolve
  })
  const timer = setTimeout(() => failed(new Error('no answer to a WebSocket handshake')), 10_000)
  let received = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    const headEnd = received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    answered(Number(received.toString('latin1', 9, 12)))
    if (hasCloseFrame(received.subarray(headEnd + 4))) ended()
  })
  for (const event of ['end', 'close', 'error'] as const) {
    socket.on(event, () => {
      failed(new Error('the server closed without an answer to a WebSocket handshake'))
      ended()
    })
  }
  try {
    return {
      status: await answer,
      closedWithin: (patience) =>
        Promise.race([
          ending.then(() => true),
          new Promise<boolean>((resolve) => setTimeout(resolve, patience, false).unref()),
        ]),
      close: () => socket.destroy(),
    }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Frames from a server are not masked (RFC 6455 §5.1); opcode 8 closes. */
function hasCloseFrame(bytes: Buffer): boolean {
  for (let at = 0; at + 2 <= bytes.length; ) {
    if ((bytes[at]! & 0x0f) === 8) return true
    const length = bytes[at + 1]! & 0x7f
    const [size, head] =
      length < 126
        ? [length, 2]
        : length === 126 && at + 4 <= bytes.length
          ? [bytes.readUInt16BE(at + 2), 4]
          : [Number.POSITIVE_INFINITY, 10]
    at += head + size
  }
  return false
}
