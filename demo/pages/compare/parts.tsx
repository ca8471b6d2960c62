import type { Child } from 'hono/jsx'
import type { SessionShopVisit } from '../compare.tsx'

/** One button, and where on the page it goes on. */
export function Do({ what, at, second, children }: { what: string; at?: string; second?: boolean; children: Child }) {
  return (
    <form method="post" action="/compare">
      {at && <input type="hidden" name="at" value={at} />}
      <button type="submit" class={second ? 'button second' : 'button'} name="do" value={what}>
        {children}
      </button>
    </form>
  )
}

/** The two shops side by side; below each other on a phone. */
export function Versus({ left, right }: { left: Child; right: Child }) {
  return (
    <div class="shops">
      <div class="shop of-cookies">
        <h3>The cookie shop</h3>
        {left}
      </div>
      <div class="shop of-session">
        <h3>The session shop</h3>
        {right}
      </div>
    </div>
  )
}

/** A line of the home page's table, which this experiment puts to the test. */
export function Claim({ left, right }: { left: string; right: string }) {
  return (
    <p class="claim">
      <span>“{left}”</span> against <span>“{right}”</span>
    </p>
  )
}

/** What came of it, in a word or two. */
export function Verdict({ good, children }: { good: boolean; children: Child }) {
  return <p class={good ? 'verdict good' : 'verdict'}>{children}</p>
}

/** For those whom the shop takes for its staff. */
export function StaffRoom({ customer, visits }: { customer: SessionShopVisit['customer']; visits: number }) {
  if (customer?.role !== 'admin') return null
  return (
    <div class="staff">
      <p>
        <b>Staff room.</b> For staff only: since the server started, this page was asked for{' '}
        {visits.toLocaleString('en')} {visits === 1 ? 'time' : 'times'}.
      </p>
    </div>
  )
}

/** Such as "20 hats, 600 umbrellas". The names may be whatever a visitor made of a cookie. */
export function cartInWords(cart: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const thing of cart) counts.set(thing, (counts.get(thing) ?? 0) + 1)
  const words = [...counts]
    .slice(0, 4)
    .map(([thing, count]) => `${count} ${thing.slice(0, 20)}${count === 1 ? '' : 's'}`)
  return words.join(', ') || 'empty'
}

export function bytes(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'byte' : 'bytes'}`
}

/** What the library did while this page was made. */
export function Steps({ steps }: { steps: readonly string[] }) {
  return (
    <ul class="steps">
      {steps.map((step) => (
        <li>{step}</li>
      ))}
    </ul>
  )
}
