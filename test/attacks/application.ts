import { mkdirSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import type { Hold } from './target.ts'

/** What a visitor's session holds. */
export interface Shop {
  theme?: string
  note?: string
  /** For whom a new password was asked for. It shares its name with what careless sites call the signed-in user. */
  user?: string
  role?: string
  voucher?: number
  preferences?: { [key: string]: string }
}

/** A visitor's session, during one request. */
export interface Visit {
  readonly data: Shop
  readonly userId: string | undefined
  readonly role: string | undefined
  signIn(userId: string, role: string): void
  signOut(): void
}

const accounts: { readonly [name: string]: { readonly password: string; readonly role: string } } = {
  admin: { password: 'secret', role: 'admin' },
  mallory: { password: 'password', role: 'user' },
}

/**
 * A small site, the same for the weak twin and for ours: they differ in where a `Visit` comes from and in nothing else. It
 * has the faults that an application can have by itself: it does not escape notes, and trusts what is uploaded to be an image.
 */
export class Application {
  readonly emails = new Map([
    ['admin', 'admin@shop.example'],
    ['mallory', 'mallory@shop.example'],
  ])
  readonly credit = new Map<string, number>()
  readonly pause = new Pause()
  readonly #notes: string[] = []
  readonly #uploads: string

  constructor(uploads: string) {
    this.#uploads = uploads
    mkdirSync(uploads, { recursive: true })
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    open: (options?: { readonly mode: 'shared' }) => Visit | Promise<Visit>,
    end: () => void = () => {},
  ): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const page = (html: string, status = 200): void => {
      end()
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(`<!DOCTYPE html>${html}`)
    }
    const goTo = (location: string): void => {
      end()
      response.writeHead(303, { location }).end()
    }
    // Nothing of a visitor's is on this page: any cache may keep it.
    if (pathname === '/') return page('<h1>The shop</h1><a href="/login">Log in</a>')

    // A logout waits for nobody.
    const visit = await open(pathname === '/logout' ? { mode: 'shared' } : undefined)
    const body = request.method === 'POST' ? await readText(request) : ''
    const field = (name: string): string => new URLSearchParams(body).get(name) ?? ''
    switch (`${request.method} ${pathname}`) {
      case 'GET /login':
        return page(
          '<form method="post"><label>Username <input name="username"></label>' +
            '<label>Password <input name="password" type="password"></label><button>Log in</button></form>',
        )
      case 'POST /login': {
        const account = accounts[field('username')]
        if (account?.password !== field('password')) return page('<p>Wrong name or password', 401)
        visit.signIn(field('username'), account.role)
        return goTo('/dashboard')
      }
      case 'GET /dashboard': {
        if (!visit.userId) return goTo('/login')
        return page(`<h1>Welcome, ${visit.userId}!</h1><p>${visit.role}, ${this.emails.get(visit.userId)}`)
      }
      case 'POST /logout':
      case 'POST /logout-in-turn':
        visit.signOut()
        return goTo('/login')
      case 'POST /theme':
        visit.data.theme = field('theme')
        return goTo('/login')
      case 'POST /note':
        visit.data.note = field('note')
        await this.pause.pass()
        return goTo('/dashboard')
      case 'POST /profile':
        if (!visit.userId) return goTo('/login')
        this.emails.set(visit.userId, field('email'))
        return goTo('/dashboard')
      case 'POST /forgot':
        visit.data.user = field('username')
        return page('<p>Look into your mail')
      case 'POST /voucher':
        visit.data.voucher = 10
        return goTo('/dashboard')
      case 'POST /redeem': {
        const { userId, data } = visit
        const amount = data.voucher ?? 0
        if (!userId || amount === 0) return page('<p>There is no voucher', 409)
        await this.pause.pass()
        delete data.voucher
        this.credit.set(userId, (this.credit.get(userId) ?? 0) + amount)
        return goTo('/dashboard')
      }
      case 'POST /preferences':
        visit.data.preferences = Object.assign(visit.data.preferences ?? {}, JSON.parse(body))
        return goTo('/dashboard')
      case 'POST /notes':
        this.#notes.push(field('note'))
        return goTo('/notes')
      case 'GET /notes':
        return page(`<h1>Notes</h1>${this.#notes.map((note) => `<p>${note}</p>`).join('')}`)
      case 'POST /upload':
        writeFileSync(join(this.#uploads, basename(field('name'))), field('content'))
        return goTo('/dashboard')
      default:
        return page('<p>There is no such page', 404)
    }
  }
}

/** Where slow handlers wait until the test lets them go on: it puts requests in an order without any sleep. */
export class Pause implements Hold {
  #isHeld = false
  #waiting: (() => void)[] = []
  #arrived: () => void = () => {}

  hold(): this {
    this.#isHeld = true
    return this
  }

  /** For handlers. */
  async pass(): Promise<void> {
    if (!this.#isHeld) return
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      this.#arrived()
    })
  }

  async reached(): Promise<void> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve))
  }

  /** From now on nobody waits. */
  release(): void {
    this.#isHeld = false
    for (const go of this.#waiting.splice(0)) go()
  }
}
