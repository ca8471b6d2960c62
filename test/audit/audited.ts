import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type AuditReport, type AuditRequest, audit } from 'coatcheck/conformance/audit'
import { generate } from 'selfsigned'

/** The login of every server here. */
export const credentials = { username: 'annabel', password: 'correct horse' } as const

export type Auditing = Partial<AuditRequest>

/** Made once: what the certificate says does not matter on this machine. */
const certificate = generate([{ name: 'commonName', value: 'shop.example' }], { keyType: 'ec', algorithm: 'sha256' })

/** The report on a listener that is served at https://shop.example. */
export async function auditedOverHttps(
  t: TestContext,
  listener: RequestListener,
  request: Auditing = {},
): Promise<AuditReport> {
  const port = Number(new URL(await servedSecurely(t, listener)).port)
  return auditOf('https://shop.example/', { connection: { connectTo: { host: '127.0.0.1', port } }, ...request })
}

/** Returns its address on this machine. */
export async function servedSecurely(t: TestContext, listener: RequestListener): Promise<string> {
  const { private: key, cert } = await certificate
  return `https://localhost:${await listening(t, createSecureServer({ key, cert }, listener))}/`
}

/** The report on a server of which the usual things are true. */
export function auditOf(url: string, request: Auditing = {}): Promise<AuditReport> {
  return audit({ url, login: '/login', fields: credentials, me: '/me', logout: '/logout', ...request })
}

export async function servedPlainly(t: TestContext, listener: RequestListener): Promise<string> {
  return `http://localhost:${await listening(t, createServer(listener))}/`
}

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Such as `high cookie-secure`, in alphabetical order. */
export function foundIn({ findings }: AuditReport): string[] {
  return findings.map(({ severity, id }) => `${severity} ${id}`).sort()
}
