/** What either shop knows of a customer. */
export interface Customer {
  name: string
  role: string
  /** On the gift card. */
  credit: number
  cart: string[]
}

/** What the session shop's session holds. It gives no rights anywhere but in that shop. */
export interface ShopData {
  customer?: Customer
}

/** The price of an umbrella. */
export const price = 20

export function newCustomer(): Customer {
  return { name: 'robin', role: 'user', credit: 50, cart: [] }
}
