import { shopCookies } from '../../compare/cookie-shop.ts'
import type { CompareProps } from '../compare.tsx'
import { bytes, Claim, cartInWords, Do, Verdict, Versus } from './parts.tsx'

export function LargeCart({ left, right, seen }: CompareProps) {
  const cart = left.pairs.find((pair) => pair.startsWith(`${shopCookies.cart}=`))
  const sent = seen.cartSent
  const back = cart?.length ?? 0
  return (
    <section id="size" aria-labelledby="size-title">
      <h2 id="size-title">2. Fill the cart</h2>
      <Claim left="~4KB size limit" right="Unlimited size" />
      <p>
        A browser keeps a cookie whose name and value have at most 4,096 bytes. Six hundred umbrellas are more than five
        thousand.
      </p>
      <div class="actions">
        <Do what="umbrellas" at="size">
          Put 600 umbrellas in both carts
        </Do>
        <Do what="empty" at="size" second>
          Empty both carts
        </Do>
      </div>
      <Versus
        left={
          <>
            <p>
              In the cart: <b>{left.customer ? cartInWords(left.customer.cart) : 'nobody is in'}</b>
            </p>
            {sent !== undefined && (
              <>
                <p>
                  With the umbrellas the server sent <code>{shopCookies.cart}</code> as {bytes(sent)}. With this request
                  your browser brought {bytes(back)}.
                </p>
                {back < sent && <Verdict good={false}>Dropped, and nobody was told</Verdict>}
              </>
            )}
          </>
        }
        right={
          <>
            <p>
              In the cart: <b>{right.customer ? cartInWords(right.customer.cart) : 'nobody is in'}</b>
            </p>
            {right.customer && right.record && (
              <p>
                The record has {bytes(right.record.bytes)} on the server. The cookie has {bytes(right.bytes)}, whatever
                is in the cart.
              </p>
            )}
            {sent !== undefined && (right.customer?.cart.length ?? 0) >= 600 && <Verdict good>All there</Verdict>}
          </>
        }
      />
      <p class="aside">
        “Unlimited” has an end, too: the one that the server sets. Here it is 1 MB, and a session that grows past it is
        refused with an error instead of being lost.
      </p>
    </section>
  )
}
