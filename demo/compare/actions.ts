import { getCookie, setCookie } from 'hono/cookie'
import type { DemoContext } from '../demo-env.ts'
import { shopCookies } from './cookie-shop.ts'
import { type BothShops, goShopping, isShopping } from './shopping.ts'

/** Where the visitor's copies lie until they put them back: a notepad of two cookies, which neither shop reads. */
export const notepad = { cookies: 'kept-cookies', ticket: 'kept-ticket' } as const
const onNotepad = { path: '/compare', sameSite: 'Lax', httpOnly: true } as const
const hour = 3600

/** What this server remembers of one browser's experiments, for the page alone. */
export interface Experiments {
  /** Cookie bytes that came with the last views of the page, and what was done before each. */
  views: { after: string; left: number; right: number }[]
  last?: string
  /** How large the cart's cookie was that the server sent. */
  cartSent?: number
  isTicketEdited?: boolean
  /** And has not entered again. */
  hasLoggedOut?: boolean
}

export interface Action extends BothShops {
  c: DemoContext
  field: (name: string) => string
  seen: Experiments
  /** The session shop's cookie. */
  ticket: { name: string; secure: boolean; value: string | undefined }
}

/** Where on the page it may go on. */
const places = ['shops', 'role', 'size', 'bytes', 'rollback', 'copy']

/** Each returns the part of the page that shows what came of it. */
const actions: Record<string, (action: Action) => string | Promise<string>> = {
  async role(action) {
    await shop('enter', action, { role: action.field('role').slice(0, 20) })
    return 'role'
  },

  ticket(action) {
    const { ticket, seen } = action
    if (ticket.value) {
      setTicket(action, otherTicket(ticket.value))
      seen.isTicketEdited = !seen.isTicketEdited
    }
    return 'role'
  },

  forge({ c, field, cookies }) {
    const credit = field('credit').slice(0, 6)
    const signature = getCookie(c, shopCookies.signed)?.replace(/^.*\./, '') ?? ''
    cookies.set('credit', credit)
    cookies.set('signed', `${credit}.${signature}`)
    return 'rollback'
  },

  keep(action) {
    keepCopies(action)
    return 'rollback'
  },

  leave(action) {
    keepCopies(action)
    action.cookies.forget()
    action.session.destroy()
    action.seen.hasLoggedOut = true
    return 'copy'
  },

  restore(action) {
    const { c, field, cookies, seen } = action
    for (const [which, value] of cookiesIn(field('copy'))) cookies.set(which, value)
    const kept = getCookie(c, notepad.ticket)
    if (kept) setTicket(action, kept)
    delete seen.isTicketEdited
    return placeOf(action)
  },

  'begin-again'({ c, cookies, session, seen }) {
    cookies.forget()
    session.destroy()
    for (const name of Object.values(notepad)) setCookie(c, name, '', { ...onNotepad, maxAge: 0 })
    seen.views = []
    delete seen.cartSent
    delete seen.isTicketEdited
    delete seen.hasLoggedOut
    return 'shops'
  },
}

/** Does what a form of the page asks for. Anything else does nothing. */
export async function act(name: string, action: Action): Promise<string> {
  if (Object.hasOwn(actions, name)) return (await actions[name]?.(action)) ?? 'shops'
  if (!isShopping(name)) return 'shops'
  const bytes = await shop(name, action)
  if (name === 'umbrellas') action.seen.cartSent = bytes
  if (name === 'empty') delete action.seen.cartSent
  return placeOf(action)
}

/** Returns how large the cart's cookie is. */
async function shop(name: string, action: Action, edited = {}): Promise<number> {
  delete action.seen.isTicketEdited
  delete action.seen.hasLoggedOut
  const { cart } = await goShopping(name, action, edited)
  return `${shopCookies.cart}=${cart.join('.')}`.length
}

function placeOf({ field }: Action): string {
  return places.find((place) => place === field('at')) ?? 'shops'
}

function keepCopies({ c, left, session, ticket }: Action): void {
  if (left.customer) setCookie(c, notepad.cookies, left.pairs.join('; '), { ...onNotepad, maxAge: hour })
  if (session.isStored && ticket.value) setCookie(c, notepad.ticket, ticket.value, { ...onNotepad, maxAge: hour })
}

/** As the library sets it: an edit changes the value and nothing else. */
function setTicket({ c, ticket: { name, secure } }: Action, value: string): void {
  setCookie(c, name, value, { path: '/', httpOnly: true, sameSite: 'Lax', secure })
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** With its tenth character changed; doing it twice gives the first one back. */
function otherTicket(ticket: string): string {
  const other = alphabet[alphabet.indexOf(ticket[9] ?? '') ^ 1] ?? 'A'
  return ticket.slice(0, 9) + other + ticket.slice(10)
}

/** Those of the cookie shop in a copied Cookie header, whatever the visitor has made of it. */
function cookiesIn(copy: string): Map<keyof typeof shopCookies, string> {
  const names = new Map(Object.entries(shopCookies).map(([which, name]) => [name as string, which]))
  const found = new Map<keyof typeof shopCookies, string>()
  for (const pair of copy.slice(0, 8192).split(';')) {
    const equals = pair.indexOf('=')
    const which = names.get(pair.slice(0, Math.max(0, equals)).trim())
    if (which) found.set(which as keyof typeof shopCookies, decoded(pair.slice(equals + 1).trim()))
  }
  return found
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
