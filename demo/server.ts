#!/usr/bin/env node
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { getRequestListener } from '@hono/node-server'
import { createDemo } from './app.ts'
import { type Certificate, localCertificate } from './certificate.ts'
import { openStore, StartError } from './open-store.ts'

const help = `Server Sessions Demo

  npm start                     http://localhost:3000
  npm start -- --https          https://localhost:3000, with a certificate made on this machine

Options
  --https                       serve https; the browser will warn once, as nobody else vouches for the certificate
  --help                        this text

Environment
  PORT                          default 3000; 0 takes any free port
  STORE                         where the sessions are kept: file, the default; memory; sqlite:PATH (Node 22.13 or later);
                                redis://HOST:PORT; postgres://HOST:PORT/DATABASE
  SESSIONS_DIR                  the directory of STORE=file, default ./sessions
  TRUST_PROXY                   addresses of proxies that end https in front of the demo, such as "loopback"
`

const aboutTheCertificate =
  'The browser will warn that it does not know the certificate: it was made on this machine just for this. Go on past it.'

try {
  await main()
} catch (error) {
  console.error(error instanceof StartError || isMisuse(error) ? error.message : error)
  process.exit(1)
}

/** An unknown option, or a proxy that is no address. */
function isMisuse(error: unknown): error is TypeError {
  return (
    error instanceof TypeError &&
    /^(ERR_PARSE_ARGS|trustProxy:)/.test('code' in error ? String(error.code) : error.message)
  )
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { https: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help) return console.log(help)

  const port = portFrom(process.env.PORT)
  const trustProxy = process.env.TRUST_PROXY?.split(/[\s,]+/).filter((entry) => entry !== '') ?? []
  const certificate = values.https ? await certificateFor() : undefined
  const { where, atStop, close, ...opened } = await openStore(process.env)
  const demo = createDemo({ ...opened, trustProxy })
  const listener = getRequestListener(demo.app.fetch)
  const servers = await listenOnThisMachine(port, () => makeServer(listener, certificate))

  stopOnSignal(servers, demo.close, close)
  const bound = (servers[0]!.address() as AddressInfo).port
  console.log(
    [
      `Server Sessions Demo: ${certificate ? 'https' : 'http'}://localhost:${bound}`,
      '  Log in with admin / secret, or with any username and the password "password".',
      ...(certificate ? [`  ${aboutTheCertificate}`] : []),
      `  Sessions are kept ${where}. Stop with Ctrl+C; ${atStop}.`,
    ].join('\n'),
  )
}

function portFrom(text: string | undefined): number {
  const port = Number(text || '3000')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new StartError(`PORT must be a number from 0 to 65535, got "${text}".`)
  }
  return port
}

async function certificateFor(): Promise<Certificate> {
  const directory = fileURLToPath(new URL('./.certificate', import.meta.url))
  try {
    return await localCertificate(directory)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new StartError(
      `The certificate can't be kept in ${directory} (${code ?? message}): --https needs to write there.`,
    )
  }
}

function makeServer(listener: ReturnType<typeof getRequestListener>, certificate: Certificate | undefined): Server {
  return certificate ? createSecureServer(certificate, listener) : createServer(listener)
}

/** On 127.0.0.1 and, where there is one, ::1: `localhost` is either, and browsers differ in which they try first. */
async function listenOnThisMachine(port: number, make: () => Server): Promise<Server[]> {
  const first = make()
  await listen(first, port, '127.0.0.1')
  const second = make()
  try {
    await listen(second, (first.address() as AddressInfo).port, '::1')
    return [first, second]
  } catch (error) {
    // A machine without IPv6 has no ::1. Anything else, such as another server there, would answer for us.
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return [first]
    first.close()
    throw error
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(new StartError(`Port ${port} is in use. Stop what uses it, or choose another: PORT=${port + 1}.`))
      } else if (error.code === 'EACCES') {
        reject(new StartError(`Port ${port} needs more rights. Choose one above 1023: PORT=3000.`))
      } else reject(error)
    })
    server.listen(port, host, resolve)
  })
}

/** Ctrl+C lets requests finish, for five seconds at most. A second one doesn't wait. */
function stopOnSignal(servers: Server[], closeDemo: () => Promise<void>, closeStore: () => unknown): void {
  let isStopping = false
  const stop = async () => {
    if (isStopping) process.exit(130)
    isStopping = true
    setTimeout(() => {
      for (const server of servers) server.closeAllConnections()
    }, 5000).unref()
    // A connection that has had its answer stays open for the next request, and would be waited for.
    setInterval(() => {
      for (const server of servers) server.closeIdleConnections()
    }, 50)
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    await Promise.all([closeDemo(), ...closed])
    await closeStore()
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}
