// A small application, bundled with one version of the library or the other, as a process of its own: the first line that it
// prints is its port. It stands behind a proxy that speaks https, so that both versions share one cookie.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { fileStore } from 'coatcheck/stores/file'

interface Shop {
  cart: string[]
  visits: number
  since: Date | undefined
}

const sessions = new Sessions<Shop>({
  store: fileStore(process.argv[2] ?? ''),
  initial: () => ({ cart: [], visits: 0, since: undefined }),
  merge: { cart: 'append', visits: 'sum' },
})
let letGo: () => void = () => {}

const routes: Record<string, (request: IncomingMessage, response: ServerResponse, value: string) => Promise<unknown>> =
  {
    async 'GET /me'(request, response) {
      const { userId, data, handle } = await sessions.open(request, { mode: 'read-only' })
      response.end(
        JSON.stringify({ userId, handle, cart: data.cart, visits: data.visits, since: data.since?.getTime() }),
      )
    },
    async 'POST /login'(request, response, value) {
      const session = await sessions.open(request)
      session.signIn(value)
      session.data.since = new Date(0)
      response.end('signed in')
    },
    async 'POST /logout'(request, response) {
      const session = await sessions.open(request, { mode: 'shared' })
      session.signOut()
      response.end('signed out')
    },
    async 'GET /visit'(request, response) {
      const session = await sessions.open(request)
      session.data.visits++
      response.end('visited')
    },
    async 'POST /add'(request, response, value) {
      const session = await sessions.open(request)
      session.data.cart.push(value)
      response.end('added')
    },
    async 'POST /nothing'(request, response) {
      await sessions.open(request)
      response.end('nothing')
    },
    /** Opens its session, then waits until it is let go. */
    async 'POST /slow-add'(request, response, value) {
      const session = await sessions.open(request, { mode: 'shared' })
      const gone = new Promise<void>((resolve) => {
        letGo = resolve
      })
      process.stdout.write('waiting\n')
      await gone
      session.data.cart.push(value)
      response.end('added')
    },
    async 'POST /let-go'(_request, response) {
      letGo()
      response.end()
    },
    async 'GET /events'(request, response) {
      const { ended } = await sessions.open(request, { mode: 'read-only', touch: false })
      response.write('open\n')
      ended.addEventListener('abort', () => response.end('ended\n'))
    },
    async 'GET /devices'(request, response) {
      const { userId } = await sessions.open(request, { mode: 'read-only' })
      response.end(JSON.stringify(userId ? (await sessions.ofUser(userId).list()).map(({ handle }) => handle) : []))
    },
    async 'POST /sign-out-everywhere'(request, response) {
      const { userId } = await sessions.open(request)
      response.end(userId && String(await sessions.ofUser(userId).revokeAll()))
    },
  }

const server = createServer(
  coatcheck(
    sessions,
    async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'https://shop.example')
      await routes[`${request.method} ${pathname}`]?.(request, response, searchParams.get('value') ?? '')
    },
    { trustProxy: ['loopback'] },
  ),
)
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
// Whoever started it has gone.
process.stdin.resume().once('end', () => process.exit())
