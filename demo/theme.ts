/** `auto` follows the system. */
export type Theme = 'auto' | 'light' | 'dark'

export const themeCookie = 'theme'

/** Anything else than a known choice is `auto`: the visitor can write what they like into a plain cookie. */
export function themeOf(value: unknown): Theme {
  return value === 'light' || value === 'dark' ? value : 'auto'
}
