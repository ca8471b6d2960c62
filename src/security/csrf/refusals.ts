import { SessionError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { ownOrigin } from './origin.ts'

/* Why a request was refused, for the application's people: with what its headers say, quoted and cut. */

export function foreign(exchange: Exchange): SessionError {
  const names = ['Sec-Fetch-Site', 'Origin', 'Referer']
  const said = names.flatMap((name) => {
    const value = exchange.header(name.toLowerCase())
    return value ? [`${name}: ${quoted(value)}`] : []
  })
  return refusal(
    `this request came from a page of another site than ${ownSite(exchange)} (${said.join(', ')}). If that page is yours, name ` +
      'its origin in csrf({ trustedOrigins }); if it is of this very site, let the proxy pass the Host header on as it is',
  )
}

export function unsaid(exchange: Exchange): SessionError {
  return refusal(
    'nothing says that this request came from a page of this site: no Sec-Fetch-Site, Origin or Referer, and no CSRF token. ' +
      `Browsers send Origin with every POST; a program has to send it too, here ${ownSite(exchange)}, or the session’s token as x-csrf-token`,
  )
}

export function wrongToken(): SessionError {
  return refusal(
    'the CSRF token that came with this request is none of this session: its page is from before a sign-in, or from another session. ' +
      'Loaded anew, it has a good one',
  )
}

function refusal(message: string): SessionError {
  return new SessionError('ERR_CROSS_SITE_REQUEST', message)
}

function ownSite(exchange: Exchange): string {
  return ownOrigin(exchange) ?? quoted(exchange.host)
}

/** Anyone can send anything, and it may end up in a terminal. */
function quoted(value: string): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value.slice(0, 100)).replaceAll(/[^ -~]/g, escaped)
}
