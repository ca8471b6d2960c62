import type { CompareProps } from '../compare.tsx'
import { Claim, cartInWords, Do, Steps, Verdict, Versus } from './parts.tsx'

export function CopyKept({ left, right, seen, copy, ticketCopy }: CompareProps) {
  const isIn = left.customer !== undefined && right.customer !== undefined
  return (
    <section id="copy" aria-labelledby="copy-title">
      <h2 id="copy-title">5. Come back after logging out</h2>
      <Claim left="Data stored in browser" right="Data stored on server" />
      <p>
        Someone copied your cookies: another program, a backup, the person who borrowed your laptop. You log out. Then
        they put the copies back.
      </p>
      <div class="actions">
        {seen.hasLoggedOut && copy !== undefined && (
          <form method="post" action="/compare">
            <input type="hidden" name="copy" value={copy} />
            <input type="hidden" name="at" value="copy" />
            <button type="submit" class="button" name="do" value="restore">
              Put both copies back
            </button>
          </form>
        )}
        {isIn && !seen.hasLoggedOut ? (
          <Do what="leave">Keep a copy, then log out of both</Do>
        ) : (
          <Do what="enter" at="copy" second>
            Enter both shops
          </Do>
        )}
      </div>
      <Versus
        left={
          left.customer ? (
            <>
              <p>
                <b>{left.customer.name.slice(0, 40)}</b> is in. The cart: {cartInWords(left.customer.cart)}.
              </p>
              {seen.hasLoggedOut && <Verdict good={false}>A log-out that logged nobody out</Verdict>}
            </>
          ) : (
            <p>
              Nobody is in.
              {seen.hasLoggedOut &&
                ' The server asked your browser to forget its cookies. It could do no more than that.'}
            </p>
          )
        }
        right={
          right.customer ? (
            <p>
              <b>{right.customer.name}</b> is in. The record is <code>{right.handle}</code>.
            </p>
          ) : seen.hasLoggedOut && right.start ? (
            <>
              <p>The ticket {right.start}… came, and opens nothing. The library’s answer to this request:</p>
              <Steps steps={right.steps} />
              <Verdict good>Refused: the record is gone</Verdict>
            </>
          ) : (
            <p>
              Nobody is in.
              {seen.hasLoggedOut &&
                ticketCopy &&
                ' The server has deleted the record, which no copy of a ticket brings back.'}
            </p>
          )
        }
      />
    </section>
  )
}
