import { siteMap } from './site-map.ts'

/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark'

export const themeCookie = 'theme'

/** Anything else than a known choice is `auto`: the visitor can write what they like into a plain cookie. */
export function themeOf(value: unknown): Theme {
  return value === 'light' || value === 'dark' ? value : 'auto'
}

const pages = [...siteMap.flatMap(({ places }) => places.map(({ path }) => path)), '/logout']

/** Where to go on after the colours were changed: one of our own pages. An address that someone made up is neither shown in a form nor gone to. */
export function ownPage(path: string): string {
  return pages.includes(path) || /^\/tour\/[1-6]$/.test(path) ? path : '/'
}
