// Signs a visitor in for each way of leaking a ticket, leaks it that way, and says by IPC which ticket it was.
import { spawn } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SessionError, Sessions } from 'coatcheck'
import { coatcheck as fetchCoatcheck } from 'coatcheck/adapters/fetch'
import { coatcheck } from 'coatcheck/adapters/node'
import { memoryStore } from 'coatcheck/stores/memory'
import { takeApart } from '../http/tickets.ts'

const sessions = new Sessions({ store: memoryStore(), mode: 'shared' })
const server = createServer(
  coatcheck(sessions, async (request, response) => {
    const shown = String(request.headers['x-show'] ?? '')
    if (request.url === '/login') (await sessions.open(request)).signIn('alice')
    if (request.headers['x-place'] === 'header') response.setHeader('location', `/?sid=${shown}`)
    if (request.headers['x-place'] === 'write') response.write(Buffer.from(`<p>${shown}</p>`))
    response.end(request.headers['x-place'] === 'end' ? shown : 'page')
  }),
)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

async function ask(path: string, headers: { readonly [name: string]: string } = {}): Promise<IncomingMessage> {
  const [response] = (await once(get({ port, path, headers }), 'response')) as [IncomingMessage]
  await once(response.resume(), 'end')
  return response
}

const ticketIn = (setCookie: string | null | undefined): string => /=([\w-]{64});/.exec(setCookie ?? '')?.[1] ?? ''
const secretOf = (ticket: string): Buffer => takeApart(ticket).secret
const event = channel('coatcheck:rejected')
const watchfulFetch = fetchCoatcheck(sessions, async (request) => {
  ;(await sessions.open(request)).signIn('alice')
  return new Response('in')
})

/** Each under the place where it must be found. */
const leaks: { readonly [way: string]: (ticket: string) => unknown } = {
  'event: the ticket': (ticket) => event.publish({ handle: 's_x', reason: ticket }),
  'event: the secret’s bytes, deep within': (ticket) =>
    event.publish({ error: { list: [new Map([['bytes', secretOf(ticket)]])] } }),
  'event: the secret in hex': (ticket) => event.publish({ id: `secret:${secretOf(ticket).toString('hex')}` }),
  'event: the cause of an error': (ticket) => event.publish({ error: new Error('no', { cause: new Error(ticket) }) }),
  'error: the message': (ticket) => new SessionError('ERR_SESSION_GONE', `the session ${ticket} is gone`),
  'error: the cause': (ticket) =>
    new SessionError('ERR_STORE_UNAVAILABLE', 'no', { cause: { command: ['GET', ticket] } }),
  'stdout: the ticket': (ticket) => console.log({ cookie: `sid=${ticket}` }),
  'stdout: half a ticket': (ticket) => console.log(`sid ${ticket.slice(0, 32)}…`),
  'stderr: the secret in base64': (ticket) => console.error(secretOf(ticket).toString('base64')),
  'url: the path': (ticket) => ask(`/page;sid=${ticket}`),
  'url: the referer': (ticket) => ask('/', { referer: `http://localhost/?sid=${ticket}` }),
  'response header: a redirect': (ticket) => ask('/', { 'x-show': ticket, 'x-place': 'header' }),
  'response body: all of it': (ticket) => ask('/', { 'x-show': ticket, 'x-place': 'end' }),
  'response body: a part of it': (ticket) => ask('/', { 'x-show': ticket, 'x-place': 'write' }),
  'response body: on the Fetch API': async (ticket) => new Response(`<p>${ticket}</p>`).text(),
  'process title: while a request is served': async (ticket) => {
    const { title } = process
    process.title = ticket
    await ask('/')
    process.title = title
  },
  'process arguments: of another process': (ticket) =>
    once(spawn(process.execPath, ['--eval', '0', '--', ticket], { stdio: 'ignore' }), 'exit'),
}

const told: { [way: string]: string } = {}
if (process.argv[2] === 'leak') {
  for (const [way, leak] of Object.entries(leaks)) {
    const ticket = ticketIn((await ask('/login')).headers['set-cookie']?.[0])
    told[way] = ticket
    await leak(ticket)
  }
  const request = new Request('http://localhost/', { method: 'POST' })
  const ticket = ticketIn((await watchfulFetch(request)).headers.get('set-cookie'))
  told['stdout: a ticket that was issued on the Fetch API'] = ticket
  console.log(ticket)
} else {
  await ask('/login')
  event.publish({ handle: 's_x', reason: 'unknown' })
  console.log('nothing to see', new SessionError('ERR_SESSION_GONE', 'gone').code)
  console.error('nothing to see')
}
process.send?.(told)
server.close()
server.closeAllConnections()
await sessions.close()
process.disconnect?.()
