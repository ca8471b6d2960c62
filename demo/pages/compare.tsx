import { Fields } from 'coatcheck/devtools'
import type { Experiments } from '../compare/actions.ts'
import type { CookieShopVisit } from '../compare/cookie-shop.ts'
import type { Customer } from '../compare/shop.ts'
import type { RawRecord } from '../raw-record.ts'
import { Code } from './code.tsx'
import { Bytes } from './compare/bytes-sent.tsx'
import { CopyKept } from './compare/copy-kept.tsx'
import { EditTheRole } from './compare/edit-the-role.tsx'
import { LargeCart } from './compare/large-cart.tsx'
import { bytes, cartInWords, Do, StaffRoom, Versus } from './compare/parts.tsx'
import { Rollback } from './compare/rollback.tsx'
import { type Frame, Layout } from './layout.tsx'

export interface CompareProps {
  frame: Frame
  left: CookieShopVisit
  right: SessionShopVisit
  seen: Experiments
  /** How often this page was asked for: a secret of the staff's. */
  visits: number
  /** The cookies that the visitor keeps a copy of, and the start of the ticket's. */
  copy: string | undefined
  ticketCopy: string | undefined
  keepsNoCookies: boolean
}

export interface SessionShopVisit {
  customer: (Readonly<Omit<Customer, 'cart'>> & { readonly cart: readonly string[] }) | undefined
  /** The cookie's name, the first characters of its value if it came, and the size of both. */
  name: string
  start: string | undefined
  bytes: number
  handle: string | undefined
  record: RawRecord | undefined
  /** What the library did for this very request. */
  steps: string[]
}

export function Compare(props: CompareProps) {
  const { frame, left, right, keepsNoCookies } = props
  return (
    <Layout {...frame} title="Cookie against session" style="compare.css">
      <div class="head">
        <h1>Cookie against session</h1>
        <p class="lede">
          The same small shop, twice. One believes what your browser says, the other what it wrote down.
        </p>
        <p>
          Both are real, and drawn by the same code. The left one keeps all it knows about you in plain cookies. The
          right one keeps it in a session of its own beside your login, without any rights. You need no developer tools:
          where a form below edits a cookie, the server sends your text as <code>Set-Cookie</code>, which is exactly
          what an edit in the developer tools does. What you see next is what your browser then really sent;{' '}
          <a href="/requests">your requests</a> show it on the wire. All of it works without JavaScript.
        </p>
      </div>
      {keepsNoCookies && (
        <p class="message error" role="alert">
          <b>Your browser sent no cookie back.</b> Without cookies neither shop can know you. Allow them for this site,
          and try again.
        </p>
      )}

      <section id="shops" aria-labelledby="shops-title">
        <h2 id="shops-title">The two shops</h2>
        <Versus left={<CookieSide {...props} />} right={<SessionSide {...props} />} />
        <div class="actions">
          {left.customer || right.customer ? (
            <>
              <Do what="hats">Put ten hats in both carts</Do>
              <Do what="pay" second>
                Pay 20 from both gift cards
              </Do>
              <Do what="begin-again" second>
                Begin again
              </Do>
            </>
          ) : (
            <Do what="enter">Enter both shops</Do>
          )}
        </div>
      </section>

      <EditTheRole {...props} />
      <LargeCart {...props} />
      <Bytes {...props} />
      <Rollback {...props} />
      <CopyKept {...props} />

      <section aria-labelledby="difference">
        <h2 id="difference">The whole difference</h2>
        <div class="pair">
          <Code name="The cookie shop" text={cookieCode} />
          <Code name="The session shop" text={sessionCode} />
        </div>
        <p class="insight">
          <strong>Key insight:</strong> signing or encrypting a cookie, as a JWT does, stops editing or reading. It
          stops neither going back in time nor a copy that is used after the log-out, because the old text was once
          right. Only a server that remembers can say no.
        </p>
      </section>
    </Layout>
  )
}

const cookieCode = `const role = getCookie(c, 'plain-role')
if (role === 'admin') showStaffRoom()`

const sessionCode = `const { data } = await shop.open(c)
if (data.customer?.role === 'admin') showStaffRoom()`

function CookieSide({ left, visits }: CompareProps) {
  return (
    <>
      <Shelf customer={left.customer} visits={visits} />
      <h4>Your browser sent</h4>
      {left.pairs.length === 0 ? (
        <p class="quiet">no cookie of this shop</p>
      ) : (
        <p>
          {left.pairs.map((pair) => (
            <code class="line">{pair.length > 96 ? `${pair.slice(0, 80)}… (${pair.length} bytes)` : pair}</code>
          ))}
        </p>
      )}
      <h4>The server keeps</h4>
      <p class="quiet">nothing of you</p>
    </>
  )
}

function SessionSide({ right, visits }: CompareProps) {
  const { name, start, record } = right
  return (
    <>
      <Shelf customer={right.customer} visits={visits} />
      <h4>Your browser sent</h4>
      {start ? (
        <p>
          <code class="line">
            {name}={start}…
          </code>
        </p>
      ) : (
        <p class="quiet">no cookie of this shop</p>
      )}
      <h4>The server keeps</h4>
      {record ? (
        <>
          {record.lines.slice(2).map((line) => (
            <p>
              <Fields line={line.length > 200 ? `${line.slice(0, 160)}…` : line} />
            </p>
          ))}
          <p class="quiet">{bytes(record.bytes)} in all</p>
        </>
      ) : (
        <p class="quiet">{start ? 'no record for this ticket' : 'nothing yet'}</p>
      )}
    </>
  )
}

/** What a shop makes of its customer. The same lines for both. */
function Shelf({ customer, visits }: { customer: SessionShopVisit['customer']; visits: number }) {
  if (!customer) return <p class="nobody">Nobody is in.</p>
  return (
    <>
      <dl class="shelf">
        <dt>Customer</dt>
        <dd>{customer.name.slice(0, 40)}</dd>
        <dt>Role</dt>
        <dd>{customer.role.slice(0, 40)}</dd>
        <dt>Gift card</dt>
        <dd>{customer.credit.toLocaleString('en')}</dd>
        <dt>Cart</dt>
        <dd>{cartInWords(customer.cart)}</dd>
      </dl>
      <StaffRoom customer={customer} visits={visits} />
    </>
  )
}
