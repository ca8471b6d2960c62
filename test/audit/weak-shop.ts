import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** How a shop deals with sessions. Each test makes one thing worse than `soundShop`. */
export interface ShopHabits {
  readonly cookieName: string
  /** What follows the value. */
  readonly attributes: string
  readonly makeId: (user: string | undefined) => string
  /** Where a visitor first gets a session. */
  readonly beginsAt: 'first page' | 'login page' | 'login'
  /** The login form has a token that the session knows. */
  readonly usesToken: boolean
  readonly loginMethod: 'get' | 'post'
  readonly takesJson: boolean
  readonly renewsAtLogin: 'always' | 'for another user' | 'never'
  readonly endsOldAtLogin: boolean
  readonly adopts: boolean
  readonly ofTwo: 'none' | 'first' | 'last'
  /** Throws for what it can't read: the answer is a 500. */
  readonly readValue: (value: string) => string
  readonly readName: (name: string) => string
  readonly takesIdFromUrl: boolean
  readonly shows: 'nothing' | 'the id' | 'the cookie'
  /** `/me` is empty, and so is every address that there is not: nothing but the status tells who is signed in. */
  readonly isTerse: boolean
  readonly moreCookies: readonly string[]
  readonly setsTwice: boolean
  readonly cacheControl: string | undefined
  readonly cacheControlOfForms: string | undefined
  readonly hsts: string | undefined
  readonly logoutBy: readonly string[]
  readonly logoutEnds: boolean
  /** Every request but logging in and out writes back the session that it has read at its beginning. */
  readonly savesAtTheEnd: boolean
  readonly logoutClears: boolean
  /** Refuses what other sites' pages ask for. */
  readonly guards: { readonly login: boolean; readonly logout: 'same origin' | 'same site' }
}

export const soundShop: ShopHabits = {
  cookieName: '__Host-id',
  attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax',
  makeId: () => randomBytes(32).toString('base64url'),
  beginsAt: 'login',
  usesToken: false,
  loginMethod: 'post',
  takesJson: false,
  renewsAtLogin: 'always',
  endsOldAtLogin: true,
  adopts: false,
  ofTwo: 'none',
  readValue: (value) => value,
  readName: (name) => name,
  takesIdFromUrl: false,
  shows: 'nothing',
  isTerse: false,
  moreCookies: [],
  setsTwice: false,
  cacheControl: 'no-store',
  cacheControlOfForms: 'no-store',
  hsts: 'max-age=63072000; includeSubDomains',
  logoutBy: ['POST'],
  logoutEnds: true,
  savesAtTheEnd: false,
  logoutClears: true,
  guards: { login: true, logout: 'same origin' },
}

interface Record {
  user?: string
  readonly token: string
}

/** A shop with `/`, `/login`, `/me` and `/logout`, its sessions in memory, written without any session library. */
export function weakShop(habits: Partial<ShopHabits> = {}): RequestListener {
  const shop = { ...soundShop, ...habits }
  const records = new Map<string, Record>()
  return async (request, response) => {
    const isSaved = shop.savesAtTheEnd && request.url !== '/login' && request.url !== '/logout'
    const read = isSaved ? new Visit(shop, records, request, response, '') : undefined
    const [id, record] = [read?.id, read?.record]
    try {
      answer(new Visit(shop, records, request, response, await bodyOf(request)))
      if (id !== undefined && record) records.set(id, record)
    } catch {
      response.writeHead(500, commonHeaders(shop)).end('It failed.')
    }
  }
}

interface SendOptions {
  readonly location?: string
  readonly cacheControl?: string | undefined
}

/** One request, as the shop deals with it. */
class Visit {
  readonly shop: ShopHabits
  readonly method: string
  readonly url: URL
  readonly fields: URLSearchParams
  readonly site: string
  readonly #records: Map<string, Record>
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #setCookies: string[] = []
  id: string | undefined

  constructor(
    shop: ShopHabits,
    records: Map<string, Record>,
    request: IncomingMessage,
    response: ServerResponse,
    body: string,
  ) {
    this.shop = shop
    this.#records = records
    this.#request = request
    this.#response = response
    this.method = request.method ?? 'GET'
    this.url = new URL(request.url ?? '/', 'https://shop.example')
    this.fields = new URLSearchParams(
      shop.takesJson && body !== '' ? JSON.parse(body) : this.method === 'GET' ? this.url.search : body,
    )
    this.site = String(request.headers['sec-fetch-site'] ?? 'none')
    const id = shop.takesIdFromUrl
      ? (this.url.searchParams.get(shop.cookieName) ?? this.#idOfCookie())
      : this.#idOfCookie()
    if (id !== undefined && (records.has(id) || shop.adopts)) {
      this.id = id
      if (!records.has(id)) records.set(id, { token: newToken() })
    }
  }

  get record(): Record | undefined {
    return this.id === undefined ? undefined : this.#records.get(this.id)
  }

  get cookieHeader(): string {
    return Buffer.from(this.#request.headers.cookie ?? '', 'latin1').toString('latin1')
  }

  /** The session of the visitor, a new one if there is none. */
  begin(user?: string): Record {
    if (!this.record) {
      this.id = this.shop.makeId(user)
      this.#records.set(this.id, { token: newToken() })
      this.#setCookie(this.id)
    }
    return this.record!
  }

  signIn(user: string): void {
    const old = this.id
    const { renewsAtLogin, endsOldAtLogin } = this.shop
    const isKept = renewsAtLogin === 'never' || (renewsAtLogin === 'for another user' && this.record?.user === user)
    if (!isKept) this.id = undefined
    this.begin(user).user = user
    if (old === undefined || old === this.id) return
    if (endsOldAtLogin) this.#records.delete(old)
    else this.#records.set(old, this.record!)
  }

  signOut(): void {
    if (this.id !== undefined && this.shop.logoutEnds) this.#records.delete(this.id)
    if (this.shop.logoutClears) {
      this.#setCookies.push(`${this.shop.cookieName}=; ${this.shop.attributes}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`)
    }
  }

  send(status: number, html: string, { location, cacheControl }: SendOptions = this.shop): void {
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      ...commonHeaders(this.shop),
      ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
      ...(location !== undefined && { location }),
      'set-cookie': [...this.#setCookies, ...(this.#setCookies.length > 0 ? this.shop.moreCookies : [])],
    }
    this.#response.writeHead(status, headers).end(html + this.#shown())
  }

  redirect(location: string): void {
    this.send(303, '', { location, cacheControl: this.shop.cacheControl })
  }

  #shown(): string {
    if (this.shop.shows === 'the id' && this.record?.user) return `<script>const session = '${this.id}'</script>`
    if (this.shop.shows === 'the cookie') return `<p>Your cookie: ${this.cookieHeader.replaceAll('<', '&lt;')}</p>`
    return ''
  }

  #idOfCookie(): string | undefined {
    const { cookieName, ofTwo, readName, readValue } = this.shop
    const values = this.cookieHeader.split(/; */).flatMap((pair) => {
      const equals = pair.indexOf('=')
      return readName(pair.slice(0, equals)) === cookieName ? [readValue(pair.slice(equals + 1))] : []
    })
    if (values.length === 2 && ofTwo === 'none') return undefined
    return ofTwo === 'last' ? values.at(-1) : values[0]
  }

  #setCookie(id: string): void {
    const line = `${this.shop.cookieName}=${id}; ${this.shop.attributes}`
    this.#setCookies.push(line, ...(this.shop.setsTwice ? [line] : []))
  }
}

function answer(visit: Visit): void {
  const { shop, method, url, fields } = visit
  const route = `${url.pathname === '/login' && fields.has('password') ? 'submit ' : ''}${url.pathname}`
  switch (route) {
    case '/':
      if (shop.beginsAt === 'first page') visit.begin()
      visit.send(200, '<h1>Shop</h1><a href="/login">Log in</a>')
      break
    case '/account':
      visit.redirect('/login')
      break
    case '/login':
      if (shop.beginsAt !== 'login' || shop.usesToken) visit.begin()
      visit.send(200, loginPage(shop, visit.record?.token), { cacheControl: shop.cacheControlOfForms })
      break
    case 'submit /login':
      logIn(visit)
      break
    case '/me':
      if (visit.record?.user) visit.send(200, shop.isTerse ? '' : `<h1>Hello, ${visit.record.user}</h1>${logoutForm}`)
      else visit.redirect('/login')
      break
    case '/logout':
      logOut(visit, method)
      break
    default:
      visit.send(shop.isTerse ? 200 : 404, shop.isTerse ? '' : 'Not here.')
  }
}

const logoutForm = '<form method="post" action="/logout"><button>Log out</button></form>'

function logIn(visit: Visit): void {
  const { shop, fields, site, record } = visit
  const isRight = fields.get('username') === 'annabel' && fields.get('password') === 'correct horse'
  if (shop.guards.login && !['none', 'same-origin'].includes(site)) visit.send(403, 'Not from there.')
  else if (shop.usesToken && fields.get('token') !== (record?.token ?? 'none')) visit.send(403, 'No token.')
  else if (!isRight) visit.send(401, 'Wrong.')
  else {
    visit.signIn('annabel')
    visit.redirect('/me')
  }
}

function logOut(visit: Visit, method: string): void {
  const { logoutBy, guards } = visit.shop
  const trusted = ['none', 'same-origin', ...(guards.logout === 'same origin' ? [] : ['same-site'])]
  if (!logoutBy.includes(method)) visit.send(405, 'Not so.')
  else if (method === 'POST' && !trusted.includes(visit.site)) visit.send(403, 'Not from there.')
  else {
    visit.signOut()
    visit.redirect('/')
  }
}

function loginPage({ loginMethod, usesToken }: ShopHabits, token = ''): string {
  return `<form class=search action="/search"><input name=q></form>
    <form method="${loginMethod}" action="login">
      ${usesToken ? `<input type="hidden" name="token" value="${token}">` : ''}
      <input name="username"><input name="password" type="password"><button>Log in</button>
    </form>`
}

function commonHeaders({ hsts }: ShopHabits): { [name: string]: string } {
  return hsts === undefined ? {} : { 'strict-transport-security': hsts }
}

function newToken(): string {
  return createHash('sha256').update(randomBytes(16)).digest('hex')
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
