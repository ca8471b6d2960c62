import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Lies between a client and its server, and can stop in the middle of an answer. */
export interface StallingProxy {
  readonly port: number
  /** Lets so many more bytes of answers through, over all connections, then nothing, in neither direction. Nobody is told. */
  stall(afterBytes?: number): void
  /** Lets everything go on, what was held back first. */
  resume(): void
  /** From now on it lies before another server, as an address may that moves along. Nobody keeps a connection to the one before. */
  lead(target: number): void
  close(): Promise<void>
}

export async function startStallingProxy(first: number): Promise<StallingProxy> {
  let target = first
  const pairs = new Set<readonly [Socket, Socket]>()
  let left = Number.POSITIVE_INFINITY

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
    }
    client.on('data', (bytes) => void upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (left >= bytes.length) {
        left -= bytes.length
        client.write(bytes)
        return
      }
      client.write(bytes.subarray(0, left))
      upstream.unshift(bytes.subarray(left))
      left = 0
      pauseAll()
    })
    if (left === 0) pauseAll()
  })

  function pauseAll(): void {
    for (const pair of pairs) for (const socket of pair) socket.pause()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stall(afterBytes = 0) {
      left = afterBytes
      if (left === 0) pauseAll()
    },
    resume() {
      left = Number.POSITIVE_INFINITY
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    lead(next) {
      target = next
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
    async close() {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
