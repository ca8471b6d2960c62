import { HttpClient } from '../http/client.ts'
import { ExchangeError } from '../http/connection.ts'
import type { HttpResponse } from '../http/http-response.ts'
import type { AuditOptions, AuditRequest } from './options.ts'
import { AuditError } from './report.ts'
import { learnSignedInPage, type SignedInPage } from './signed-in-page.ts'
import { type FirstLogin, Site } from './site.ts'
import { type Exchange, Visitor } from './visitor.ts'

/** Logs in for the first times, and finds out what tells who is signed in and which cookies they need. Rejects with an `AuditError`. */
export async function explore(request: AuditRequest): Promise<Site> {
  const exchanges: Exchange[] = []
  const url = new URL(request.url)
  const known = {
    ...request,
    url: url.href,
    start: url.pathname + url.search,
    samples: request.samples ?? 10,
  }
  const client = new HttpClient(url, { ...request.connection, keepAlive: true })
  const enter = (options: AuditOptions): Visitor => new Visitor(options, client, (exchange) => exchanges.push(exchange))
  try {
    const guess: AuditOptions = { ...known, me: request.me ?? known.start }
    const { first, form, landing } = await firstLogin(enter(guess), known.start)
    const options: AuditOptions = {
      ...known,
      me: request.me ?? landing ?? known.start,
      ...(form && { knownForm: form }),
    }
    const page = await learn(() => enter(options), first.visitor, options)
    const cookieNames = await neededCookies(enter(options), first.visitor, options, page)
    return new Site({ client, options, exchanges, first, cookieNames, page })
  } catch (error) {
    client.close()
    if (error instanceof ExchangeError) throw new AuditError(error.message, { cause: error })
    throw error
  }
}

async function firstLogin(visitor: Visitor, start: string) {
  await visitor.ask(start)
  const form = await visitor.loginForm()
  const cookies = (): ReadonlyMap<string, string> =>
    new Map(visitor.browser.jar.list().map(({ name, value }) => [name, value]))
  const anonymous = cookies()
  const response = await visitor.login()
  if (response.status >= 400) {
    throw new AuditError(`the login was answered with ${response.status}: are path and fields right?`)
  }
  const last = visitor.exchanges.at(-1)!
  const first: FirstLogin = { visitor, anonymous, signedIn: cookies() }
  return { first, form, landing: last.response === response ? undefined : last.path }
}

/** Of two who are nobody and two who are signed in. */
async function learn(enter: () => Visitor, first: Visitor, { me }: AuditOptions): Promise<SignedInPage> {
  const second = enter()
  await second.login()
  const anonymous = [await enter().me(), await enter().me()]
  const signedIn = [await first.me(), await second.me()]
  const page = learnSignedInPage(anonymous, signedIn)
  if (page) return page
  const [refused] = first.browser.refused
  if (refused) {
    const name = refused.line.slice(0, refused.line.indexOf('='))
    throw new AuditError(`the login does not work in any browser, as none keeps the cookie ${name}: ${refused.reason}`)
  }
  const statuses = (responses: HttpResponse[]): string => responses.map(({ status }) => status).join(', ')
  throw new AuditError(
    `${me} looks the same before and after the login (status ${statuses(anonymous)} and ${statuses(signedIn)}): ` +
      'the login does not work, or --me should name another page',
  )
}

/** Leaves out one cookie after the other. */
async function neededCookies(
  tester: Visitor,
  visitor: Visitor,
  { me }: AuditOptions,
  page: SignedInPage,
): Promise<string[]> {
  const target = new URL(me, visitor.browser.client.origin)
  const header = visitor.browser.jar.header(target) ?? ''
  const pairs = header.split('; ').filter((pair) => pair !== '')
  const needed: [name: string, value: string][] = []
  for (const pair of pairs) {
    const others = pairs.filter((other) => other !== pair)
    if (others.length > 0 && page.shows(await tester.meWith(others.join('; ')))) continue
    needed.push([pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
  }
  if (needed.length === 0) throw new AuditError('who is signed in stays so without any cookie that the login has set')
  return needed.sort(([, one], [, other]) => other.length - one.length).map(([name]) => name)
}
