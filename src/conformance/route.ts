import type { Route } from './description.ts'
import type { RequestOptions } from './http/client.ts'

/** What takes the place of `{user}` and so on in a route. */
export type Values = Readonly<Record<string, string>>

/** A route with its values in place, as a request. */
export function fillRoute(route: Route, values: Values): { path: string; request: RequestOptions } {
  const plain = (text: string): string => fill(text, values, (value) => value)
  const headers = mapped(route.headers, plain)
  const form = mapped(route.form, plain)
  const { json, body } = route
  const method = route.method ?? (form || body !== undefined || json !== undefined ? 'POST' : 'GET')
  return {
    path: fill(route.path, values, encodeURIComponent),
    request: {
      method,
      ...(headers && { headers }),
      ...(form && { form }),
      ...(json !== undefined && { json: filled(json, plain) }),
      ...(body !== undefined && { body: plain(body) }),
    },
  }
}

/** What an answer says by the route's pattern: of several matches, all. Without a pattern, the body as it is. */
export function matchesOf(route: Route, text: string): string[] {
  if (route.pattern === undefined) return [text]
  return [...text.matchAll(new RegExp(route.pattern, 'gu'))].map((match) => match[1] ?? match[0])
}

function fill(text: string, values: Values, written: (value: string) => string): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : written(value)
  })
}

/** In JSON a placeholder that is a whole text may stand for a JSON value: `{settings}`. */
function filled(json: unknown, plain: (text: string) => string): unknown {
  if (json === '{settings}') return JSON.parse(plain('{settings}'))
  if (typeof json === 'string') return plain(json)
  if (Array.isArray(json)) return json.map((item) => filled(item, plain))
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, filled(value, plain)]))
}

function mapped<T>(texts: Readonly<Record<string, string>> | undefined, change: (text: string) => T) {
  return texts && Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]))
}
