import { Browser, type BrowserRequest } from '../http/browser.ts'
import type { HttpClient } from '../http/client.ts'
import type { HttpResponse } from '../http/http-response.ts'
import { formsOf, type HtmlForm } from './html.ts'
import type { AuditOptions } from './options.ts'
import { AuditError } from './report.ts'

/** One request and its response. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly response: HttpResponse
  /** The cookies that the visitor had when the response had come: a value that turns up here should turn up nowhere else. */
  readonly cookies: ReadonlyMap<string, string>
}

/** What a visitor does differently from one who just logs in. */
export interface LoginManner {
  /** Default: the login page is fetched first, and the form comes from there. */
  readonly from?: 'cross-site'
  /** Hidden fields of another visitor's form, in place of this one's; `none`: no hidden field at all. */
  readonly hidden?: 'none' | HtmlForm
}

/** Someone with a browser of their own. */
export class Visitor {
  readonly browser: Browser
  readonly exchanges: Exchange[] = []
  readonly #options: AuditOptions
  readonly #record: (exchange: Exchange) => void

  constructor(options: AuditOptions, client: HttpClient, record: (exchange: Exchange) => void) {
    this.#options = options
    this.#record = record
    // No list of public suffixes: that a site sets a cookie for one of them is not what is looked for here.
    this.browser = new Browser(options.url, { client, isPublicSuffix: (domain) => !domain.includes('.') })
  }

  cookie(name: string): string | undefined {
    return this.browser.jar.get(name)
  }

  /** One request, its redirects not followed. */
  async ask(path: string, request: BrowserRequest = {}): Promise<HttpResponse> {
    const response = await this.browser.request(path, request)
    const cookies = new Map(this.browser.jar.list().map(({ name, value }) => [name, value]))
    const exchange = { method: request.method ?? 'GET', path, response, cookies }
    this.exchanges.push(exchange)
    this.#record(exchange)
    return response
  }

  /** The page that shows who is signed in. */
  me(request: BrowserRequest = {}): Promise<HttpResponse> {
    return this.ask(this.#options.me, request)
  }

  /** The same as sent by someone who has just these Cookie lines. */
  meWith(cookie: string | readonly string[], path: string = this.#options.me): Promise<HttpResponse> {
    return this.ask(path, { headers: { Cookie: cookie } })
  }

  /**
   * The form of the login page, wherever that redirects to, its action resolved. Undefined where there is none with the
   * fields that are to be filled in. Throws an `AuditError` where it leads to another site.
   */
  async loginForm(): Promise<HtmlForm | undefined> {
    const { login, fields, url } = this.#options
    await this.#follow(login, await this.ask(login))
    const { path, response } = this.exchanges.at(-1)!
    const forms = response.status === 200 ? formsOf(response.text) : []
    const form =
      forms.find((each) => Object.keys(fields).every((name) => each.fields.some(([other]) => other === name))) ??
      forms.find(({ hasPassword }) => hasPassword)
    if (!form) return undefined
    const action = pathWithin(url, path, form.action ?? '')
    if (action === undefined) throw new AuditError(`the login form of ${path} leads to ${form.action}`)
    return { ...form, action }
  }

  /** Fills in the login form and follows where it leads. Returns the response to the form itself. */
  async login({ from, hidden }: LoginManner = {}): Promise<HttpResponse> {
    const { login, fields, knownForm, send = 'form' } = this.#options
    const own = from === 'cross-site' ? undefined : await this.loginForm()
    const filled = hidden === 'none' ? undefined : (hidden ?? own)
    const kept = (filled?.fields ?? []).filter(([name]) => !(name in fields))
    const { method = 'POST', action = login } = own ?? knownForm ?? {}
    const request = asRequest(action, method, [...kept, ...Object.entries(fields)], send, from ? { from } : {})
    const response = await this.ask(...request)
    await this.#follow(action, response)
    return response
  }

  /** Logs out: by the form of `me` that leads there, else by POST, else by GET. Undefined where no way is known. */
  async logout(request: BrowserRequest = {}): Promise<HttpResponse | undefined> {
    const { logout, me, url } = this.#options
    if (logout === undefined) return undefined
    const page = await this.me()
    const [target] = logout.split('?')
    const form = formsOf(page.text).find(
      ({ action }) => action !== undefined && pathWithin(url, me, action)?.split('?')[0] === target,
    )
    const method = form?.method ?? 'POST'
    const response = await this.ask(...asRequest(logout, method, form?.fields ?? [], 'form', request))
    const isOnlyByGet = method === 'POST' && (response.status === 404 || response.status === 405)
    const last = isOnlyByGet ? await this.ask(logout, { ...request, method: 'GET' }) : response
    await this.#follow(logout, last)
    return last
  }

  /** GETs along redirects within the site. */
  async #follow(path: string, response: HttpResponse): Promise<void> {
    let from = path
    let last = response
    for (let step = 0; step < 5 && last.status >= 301 && last.status <= 303; step++) {
      const location = last.header('location')
      const next = location === undefined ? undefined : pathWithin(this.#options.url, from, location)
      if (next === undefined) return
      from = next
      last = await this.ask(next, { from: 'same-origin' })
    }
  }
}

function asRequest(
  path: string,
  method: 'GET' | 'POST',
  fields: readonly (readonly [string, string])[],
  send: 'form' | 'json',
  request: BrowserRequest,
): [path: string, request: BrowserRequest] {
  if (method === 'POST') {
    return [
      path,
      { ...request, method, ...(send === 'json' ? { json: Object.fromEntries(fields) } : { form: fields }) },
    ]
  }
  const query = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value]))
  return [`${path.split('?')[0]}?${query}`, { ...request, method }]
}

/** Undefined: it leads elsewhere. */
function pathWithin(site: string, page: string, reference: string): string | undefined {
  const base = new URL(page, site)
  if (!URL.canParse(reference, base.href)) return undefined
  const target = new URL(reference, base)
  return target.origin === base.origin ? target.pathname + target.search : undefined
}
