import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { type CookieJar, cookieJar } from 'coatcheck/testing'
import type { Version } from './versions.ts'

const site = 'https://shop.example/'

export interface Answer {
  readonly status: number
  readonly setCookies: readonly string[]
  readonly body: string
}

/** What `GET /me` tells of a visitor. */
export interface Me {
  readonly userId?: string
  readonly handle?: string
  readonly cart: readonly string[]
  readonly visits: number
  readonly since?: number
}

/** A browser behind a proxy that sends each of its requests to the one version or to the other. */
export class Visitor {
  readonly cookies: CookieJar = cookieJar()

  /** Whoever has the same cookies now. */
  copy(): Visitor {
    const copy = new Visitor()
    for (const { name, value } of this.cookies.list()) copy.cookies.accept(site, `${name}=${value}; Path=/; Secure`)
    return copy
  }

  async ask(version: Version, method: string, path: string): Promise<Answer> {
    const response = await this.open(version, method, path)
    let body = ''
    for await (const chunk of response.setEncoding('utf8')) body += chunk
    return { status: response.statusCode ?? 0, setCookies: response.headers['set-cookie'] ?? [], body }
  }

  async me(version: Version): Promise<Me> {
    const { status, body } = await this.ask(version, 'GET', '/me')
    assert.equal(status, 200, body)
    return JSON.parse(body)
  }

  /** As soon as its head is there. */
  async open({ port }: Version, method: string, path: string): Promise<IncomingMessage> {
    const cookie = this.cookies.header(site)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { host: 'shop.example', 'x-forwarded-proto': 'https', ...(cookie !== undefined && { cookie }) }
      const asking = request({ host: '127.0.0.1', port, method, path, headers }, resolve)
      asking.setTimeout(10_000, () => asking.destroy(new Error(`${method} ${path}: no answer`)))
      asking.once('error', reject).end()
    })
    this.cookies.accept(site, response.headers['set-cookie'] ?? [])
    return response
  }
}
