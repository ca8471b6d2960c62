import type { Context } from 'hono'
import { getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie'
import { pairsOf } from '../cookies/cookie-pairs.ts'
import type { Customer } from './shop.ts'

/** All that the cookie shop knows lies in these. It keeps nothing itself, but the key that the last one is signed with. */
export const shopCookies = {
  name: 'plain-customer',
  role: 'plain-role',
  credit: 'plain-credit',
  cart: 'plain-cart',
  signed: 'signed-credit',
} as const

/** They come back under this path alone, so that a full cart weighs on no other page. Not Secure: there is nothing to protect. */
const options = { path: '/compare', sameSite: 'Lax' } as const
const hour = 3600

/** What the visitor's cookies make a shop believe that believes its cookies. */
export interface CookieShopVisit {
  customer: Customer | undefined
  /** The same gift card in a signed cookie: its credit, if the signature is the server's own. */
  signed: number | 'refused' | undefined
  /** As they arrived: `name=value`. */
  pairs: string[]
  bytes: number
}

export class CookieShop {
  readonly #c: Context
  readonly #key: Uint8Array<ArrayBuffer>

  constructor(c: Context, key: Uint8Array<ArrayBuffer>) {
    this.#c = c
    this.#key = key
  }

  async read(): Promise<CookieShopVisit> {
    const name = getCookie(this.#c, shopCookies.name)
    const pairs = pairsOf(this.#c, Object.values(shopCookies))
    return {
      customer: name === undefined ? undefined : { name, ...this.#rest() },
      signed: await this.#readSigned(),
      pairs,
      bytes: pairs.join('; ').length,
    }
  }

  /** Tells the browser to keep it. Whether it does shows in its next request. */
  async write({ name, role, credit, cart }: Customer, signed: number | undefined): Promise<void> {
    this.set('name', name)
    this.set('role', role)
    this.set('credit', String(credit))
    this.set('cart', cart.join('.'))
    if (signed === undefined) return
    await setSignedCookie(this.#c, shopCookies.signed, String(signed), this.#key, { ...options, maxAge: hour })
  }

  /** As someone does who edits their cookies: whatever they like. */
  set(which: keyof typeof shopCookies, value: string): void {
    setCookie(this.#c, shopCookies[which], value, { ...options, maxAge: hour })
  }

  /** A log-out is no more than a request to forget. */
  forget(): void {
    for (const name of Object.values(shopCookies)) setCookie(this.#c, name, '', { ...options, maxAge: 0 })
  }

  #rest(): Omit<Customer, 'name'> {
    const cart = getCookie(this.#c, shopCookies.cart) ?? ''
    return {
      role: getCookie(this.#c, shopCookies.role) ?? 'user',
      credit: amount(getCookie(this.#c, shopCookies.credit)),
      cart: cart === '' ? [] : cart.split('.'),
    }
  }

  async #readSigned(): Promise<CookieShopVisit['signed']> {
    if (getCookie(this.#c, shopCookies.signed) === undefined) return undefined
    const text = await getSignedCookie(this.#c, this.#key, shopCookies.signed)
    return typeof text === 'string' ? amount(text) : 'refused'
  }
}

function amount(text: string | undefined): number {
  return /^\d{1,6}$/.test(text ?? '') ? Number(text) : 0
}
