import type { Session } from 'coatcheck'
import type { CookieShop, CookieShopVisit } from './cookie-shop.ts'
import { type Customer, newCustomer, price, type ShopData } from './shop.ts'

/** One request in both shops at once. */
export interface BothShops {
  cookies: CookieShop
  /** What the cookies said that came with the request. */
  left: CookieShopVisit
  session: Session<ShopData>
}

/** What a customer can do, in the same lines for both shops: they differ in where the customer is kept. */
const shopping: Record<string, (customer: Customer) => void> = {
  enter: () => {},
  hats: (customer) => put(customer, 'hat', 10),
  umbrellas: (customer) => put(customer, 'umbrella', 600),
  empty: (customer) => {
    customer.cart = []
  },
  pay: (customer) => {
    if (customer.credit >= price) customer.credit -= price
  },
}

const mostThings = 2000

function put({ cart }: Customer, thing: string, count: number): void {
  for (let n = 0; n < count && cart.length < mostThings; n++) cart.push(thing)
}

export function isShopping(name: string): boolean {
  return Object.hasOwn(shopping, name)
}

/**
 * Does it in both shops; whoever is not in yet is let in first. `edited` is what the visitor has written into their cookies
 * meanwhile. Returns the customer as the cookies shall say it from now on.
 */
export async function goShopping(
  name: string,
  { cookies, left, session }: BothShops,
  edited: Partial<Customer> = {},
): Promise<Customer> {
  const change = shopping[name] ?? (() => {})
  const customer = { ...(left.customer ?? newCustomer()), ...edited }
  change(customer)
  await cookies.write(customer, left.customer ? charged(left.signed, change) : customer.credit)

  session.data.customer ??= newCustomer()
  change(session.data.customer)
  return customer
}

/** A signed card is charged like the others, unless its signature was refused. */
function charged(signed: CookieShopVisit['signed'], change: (customer: Customer) => void): number | undefined {
  if (typeof signed !== 'number') return undefined
  const card = { ...newCustomer(), credit: signed }
  change(card)
  return card.credit
}
