import type { HttpResponse } from '../../http/http-response.ts'
import type { Check } from '../check.ts'

/** RFC 9110 §15.1: what a cache may keep without being told. */
const keptByDefault = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])

/** What caches may keep. */
export const caching: readonly Check[] = [
  {
    id: 'cookie-cached',
    severity: 'high',
    title: 'A shared cache may give one visitor’s cookie to another',
    fix: 'Send `Cache-Control: no-store` with every response that sets the session cookie.',
    sources: ['ASVS 5.0 14.3.2', 'RFC 9111 §7.3', 'CVE-2023-30861', 'CVE-2024-26144'],
    look(site) {
      const candidates = site.exchanges.filter(
        ({ method, response }) =>
          response.setCookies.some((line) => site.cookieNames.some((name) => line.startsWith(`${name}=`))) &&
          isKept(method, response, 'shared'),
      )
      const found = candidates.find(({ response }) => isTold(response)) ?? candidates[0]
      if (!found) return undefined
      const severity = isTold(found.response) ? 'high' : 'medium'
      return { seen: `${found.method} ${found.path} sets it with ${cacheControlOf(found.response)}`, severity }
    },
  },
  {
    id: 'page-cached',
    severity: 'medium',
    title: 'Pages of signed-in visitors may be kept by caches',
    fix: 'Send `Cache-Control: no-store` with every response that has read the session.',
    sources: ['ASVS 5.0 14.3.2', 'OWASP Session Management Cheat Sheet, Web Content Caching'],
    async look(site) {
      const response = await (await site.signedIn()).me()
      if (!isKept('GET', response, 'browser')) return undefined
      const severity = isKept('GET', response, 'shared') ? 'medium' : 'low'
      return { seen: `GET ${site.options.me} is sent with ${cacheControlOf(response)}`, severity }
    },
  },
]

function isKept(method: string, response: HttpResponse, by: 'shared' | 'browser'): boolean {
  const directives = directivesOf(response)
  if (directives.includes('no-store')) return false
  if (by === 'shared' && directives.some((directive) => /^(private|no-cache)\b/.test(directive))) return false
  return isTold(response) || (method === 'GET' && keptByDefault.has(response.status))
}

/** Whether caches are told that they may keep it. */
function isTold(response: HttpResponse): boolean {
  return directivesOf(response).some((directive) => /^(public|max-age=[1-9]|s-maxage=[1-9])/.test(directive))
}

function directivesOf(response: HttpResponse): string[] {
  return (response.header('cache-control') ?? '').toLowerCase().split(/\s*,\s*/)
}

function cacheControlOf(response: HttpResponse): string {
  const value = response.header('cache-control')
  return value === undefined ? 'no Cache-Control' : `Cache-Control: ${value}`
}
