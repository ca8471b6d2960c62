import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/fetch'
import type { SaveHandler } from 'coatcheck/php'
import { type PhpKey, type PhpValue, php } from 'coatcheck/php/formats'
import type { Shop } from './shop.ts'

type PhpData = ReadonlyMap<PhpKey, PhpValue>

/** In PHP's session, the cookie that took its place. */
const successor = 'taken over by'

/**
 * What to do before each request: a visitor who still comes with PHP's cookie goes on in a session of `sessions`, from this
 * very request on. `origin` is the site's, as browsers see it. PHP's session ends `graceMs` later: until then, requests that the
 * browser sent before it had the new cookie are given the same one.
 */
export function takingOver(
  phpSessions: SaveHandler,
  sessions: Sessions<Shop>,
  origin: string,
  graceMs = 60_000,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const admit = coatcheck(sessions, async (request: Request, data: PhpData) => {
    const session = await sessions.open(request)
    if (session.userId) return new Response() // signed in here already: that counts
    const known = data.get(successor)
    if (typeof known === 'string') return new Response(null, { headers: { 'set-cookie': known } })
    const user = data.get('user')
    if (typeof user === 'string') session.signIn(user)
    session.data.cart.push(...listOf(data.get('cart')))
    session.data.visits += Number(data.get('visits') ?? 0)
    return new Response()
  })

  return async (request, response) => {
    const id = cookieOf(request, 'PHPSESSID')?.replaceAll('%2C', ',') // as PHP sends a comma
    if (!id || !(await phpSessions.exists(id))) return
    const setCookie = await successorOf(id, request)
    if (!setCookie) return
    const [pair = ''] = setCookie.split(';')
    request.headers.cookie = replaced(request.headers.cookie ?? '', pair)
    response.appendHeader('set-cookie', [setCookie, 'PHPSESSID=; Path=/; Max-Age=0'])
    response.setHeader('cache-control', 'no-store')
  }

  async function successorOf(id: string, { headers }: IncomingMessage): Promise<string | undefined> {
    const session = await phpSessions.open(id) // PHP's lock: of eight requests at once, one is the first
    try {
      const data = decoded(session.bytes)
      if (data.size === 0) return undefined
      const { cookie = '', 'user-agent': userAgent = '' } = headers
      const admitted = await admit(new Request(origin, { headers: { cookie, 'user-agent': userAgent } }), data)
      if (!admitted.ok) throw new Error(`a session could not be taken over: ${admitted.status}`)
      const [setCookie] = admitted.headers.getSetCookie()
      if (setCookie && !data.has(successor)) {
        await session.write(php.encode(new Map([[successor, setCookie]])))
        setTimeout(() => end(id).catch(console.error), graceMs).unref()
      }
      return setCookie
    } finally {
      await session.close()
    }
  }

  async function end(id: string): Promise<void> {
    const session = await phpSessions.open(id)
    await session.destroy()
  }
}

/** What can't be read is nothing to take over, and stays where it is. */
function decoded(bytes: Uint8Array): PhpData {
  try {
    return php.decode(bytes)
  } catch {
    return new Map()
  }
}

function listOf(value: PhpValue | undefined): string[] {
  const values = value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : []
  return values.map(String)
}

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  return pairsOf(headers.cookie ?? '')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
}

/** The cookies with this one in the place of any of its name, and of PHP's. */
function replaced(cookies: string, pair: string): string {
  const name = pair.slice(0, pair.indexOf('=') + 1)
  const others = pairsOf(cookies).filter((other) => !other.startsWith(name) && !other.startsWith('PHPSESSID='))
  return [...others, pair].join('; ')
}

function pairsOf(cookies: string): string[] {
  return cookies.split(';').map((pair) => pair.trim())
}
