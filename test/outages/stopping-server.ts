import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Duration, Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { fileStore } from 'coatcheck/stores/file'

/* A server as anyone would write it, as a process of its own: node stopping-server.ts <directory> <within> <grace> */

const [directory = '', within = '10s', grace = '200'] = process.argv.slice(2)
const sessions = new Sessions<{ n: number }>({ store: fileStore(directory), initial: () => ({ n: 0 }) })

const server = createServer(
  coatcheck(sessions, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/slow') process.send?.('arrived')
    const session = await sessions.open(request, pathname === '/events' ? { mode: 'read-only', touch: false } : {})
    if (pathname === '/login') session.signIn('alice')
    if (pathname === '/slow') {
      process.send?.('at work')
      await sleep(Number(searchParams.get('ms')))
      response.end(String(++session.data.n))
    } else if (pathname === '/events') {
      response.write('open\n')
      session.ended.addEventListener('abort', () => response.end(session.ended.reason.code))
    } else response.end()
  }),
)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

process.once('disconnect', () => process.exit())
process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve))
  await sessions.close({ within: within as Duration })
  // Their sessions are stored; what is left is to hand the bytes over, and whoever hangs.
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), Number(grace))
  await closed
  process.exit()
})
