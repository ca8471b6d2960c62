import { SessionError, type SessionErrorCode } from 'coatcheck'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Demo, type DemoContext, frameOf } from './demo-env.ts'
import { page } from './page.ts'
import { ErrorPage } from './pages/error.tsx'

const conflict = {
  title: 'Two requests at once',
  text: 'Another request changed your session while this one was at it. Nothing of this one was stored. Go back and try again.',
}

const foreign = {
  title: 'Not from there',
  text: 'This request does not come from a page of this site: another site’s page may have made it in your name. Nothing was stored, and your cookie was left alone. If you did come from here, go back, reload the page and try again.',
}

/** What each of the library's errors means to a visitor. */
const sessionErrors: Partial<Record<SessionErrorCode, { title: string; text: string }>> = {
  ERR_SESSION_CONFLICT: conflict,
  ERR_SESSION_SUPERSEDED: conflict,
  ERR_SESSION_GONE: {
    title: 'Your session has ended meanwhile',
    text: 'It was closed, perhaps by logging out in another tab, while this request was changing it. Nothing was stored.',
  },
  ERR_SESSION_REVOKED: {
    title: 'Signed out everywhere',
    text: 'All sessions of this user were ended while you were logging in. Log in again.',
  },
  ERR_CROSS_SITE_REQUEST: foreign,
  ERR_SESSION_BUSY: {
    title: 'Busy',
    text: 'Other requests of your session take longer than expected. Nothing was stored. Try again in a moment.',
  },
  ERR_STORE_UNAVAILABLE: {
    title: 'The cloakroom is closed',
    text: 'The session could not be read or stored, so this page shows you neither a success nor a stranger’s view. Your cookie was left alone. Try again in a moment.',
  },
  ERR_SESSION_TOO_LARGE: { title: 'Too much for one session', text: 'A session here holds at most 1 MB.' },
  ERR_INSECURE_CONNECTION: {
    title: 'Not over this connection',
    text: 'A session cookie can’t be kept safe on plain HTTP to a host that is not this machine: anyone on the way could copy it. Open the demo as http://localhost, or start it with --https.',
  },
}

const titles: Record<number, string> = {
  400: 'That can’t be read',
  404: 'Nothing hangs here',
  413: 'Too large',
  415: 'Not a form',
}

/** Every error as a page in the demo's own design, with its status. */
export function errorPage(error: Error, c: DemoContext, demo: Demo) {
  const frame = frameOf(c, demo)
  if (error instanceof SessionError) {
    // The Host header is the visitor's to choose, so this is no fault of the server's.
    const status = (error.code === 'ERR_INSECURE_CONNECTION' ? 421 : error.status) as ContentfulStatusCode
    if (status >= 500) console.error(error.message)
    if (status === 503 || error.retryAfter) c.header('Retry-After', String(error.retryAfter ?? 2))
    const words = sessionErrors[error.code] ?? { title: 'Something broke', text: 'The session could not be handled.' }
    return page(c, <ErrorPage frame={frame} status={status} code={error.code} {...words} />, status)
  }
  if (error instanceof HTTPException) {
    const { status, message } = error
    // Of forms that need no session, where it is Hono's to refuse.
    const words = status === 403 ? foreign : { title: titles[status] ?? 'That did not work', text: message }
    return page(c, <ErrorPage frame={frame} status={status} {...words} />, status)
  }
  console.error(error)
  const text = 'That is our fault, not yours. It has been written to the server’s output.'
  return page(c, <ErrorPage frame={frame} status={500} title="Something broke" text={text} />, 500)
}
