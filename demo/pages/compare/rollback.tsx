import { shopCookies } from '../../compare/cookie-shop.ts'
import type { CompareProps } from '../compare.tsx'
import { Claim, Do, Verdict } from './parts.tsx'

export function Rollback({ left, right, copy, ticketCopy }: CompareProps) {
  const isIn = left.customer !== undefined || right.customer !== undefined
  const [was, signedWas] = [inCopy(copy, shopCookies.credit), inCopy(copy, shopCookies.signed)]
  const isPaid = right.customer !== undefined && right.customer.credit < was
  const copied = (credit: number) => (copy === undefined ? 'no copy' : credit.toLocaleString('en'))
  return (
    <section id="rollback" aria-labelledby="rollback-title">
      <h2 id="rollback-title">4. Spend the same money twice</h2>
      <Claim left="Client-side manipulation risk" right="Server-controlled security" />
      <p>
        Your gift card is kept three times: in a plain cookie, in a cookie that the server has signed (HMAC-SHA256, with
        a key made when it started), and in the session. Keep a copy of your cookies, pay, and put the copy back.
      </p>
      <ol class="flow do-steps">
        <li>
          <Do what={isIn ? 'keep' : 'enter'} at="rollback" second>
            {isIn ? 'Keep a copy of my cookies' : 'Enter both shops'}
          </Do>
        </li>
        <li>
          <Do what="pay" at="rollback" second>
            Pay 20
          </Do>
        </li>
        <li>
          <Restore copy={copy} ticketCopy={ticketCopy} />
        </li>
      </ol>
      <div class="table-wrap">
        <table class="cards">
          <caption class="spoken">What is on the gift card</caption>
          <thead>
            <tr>
              <th scope="col">The card is kept in</th>
              <th scope="col">In your copy</th>
              <th scope="col">Now</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">a plain cookie</th>
              <td>{copied(was)}</td>
              <td>
                <Credit now={left.customer?.credit} was={was} isPaid={isPaid} />
              </td>
            </tr>
            <tr>
              <th scope="row">a signed cookie</th>
              <td>{copied(signedWas)}</td>
              <td>
                {left.signed === 'refused' ? (
                  <b class="no">refused: the signature is not the server’s</b>
                ) : (
                  <Credit now={left.signed} was={signedWas} isPaid={isPaid} />
                )}
              </td>
            </tr>
            <tr>
              <th scope="row">the session</th>
              <td>{ticketCopy ? 'a ticket, no number' : 'no copy'}</td>
              <td>
                <Credit now={right.customer?.credit} was={was} isPaid={isPaid} />
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <p>
        What does the signature do, then? It stops <em>editing</em>. Write a sum of your own on both cards; the signed
        one keeps its old signature, as you can’t make another.
      </p>
      <form class="inline-form" method="post" action="/compare">
        <div class="field">
          <label for="credit-value">
            <code>plain-credit=</code> and <code>signed-credit=</code>
          </label>
          <input
            id="credit-value"
            name="credit"
            type="text"
            inputmode="numeric"
            value="5000"
            maxlength={6}
            autocomplete="off"
            required
          />
        </div>
        <button type="submit" class="button second" name="do" value="forge">
          Send both edited cookies
        </button>
      </form>
      <p class="aside">
        An expiry time within the signed text makes the window shorter. It does not close it: within the window, the old
        text is as true as the new one.
      </p>
    </section>
  )
}

/** The visitor's copy, in plain sight but for the ticket, which no page of this demo ever shows. */
function Restore({ copy, ticketCopy }: Pick<CompareProps, 'copy' | 'ticketCopy'>) {
  if (copy === undefined && !ticketCopy) return <p class="quiet">Then put the copy back: you have kept none yet.</p>
  return (
    <form class="stack" method="post" action="/compare">
      <div class="field">
        <label for="copy-value">Your copy</label>
        <textarea
          id="copy-value"
          name="copy"
          rows={4}
          spellcheck={false}
          autocomplete="off"
          aria-describedby="copy-hint"
        >
          {copy ?? ''}
        </textarea>
        <p class="hint" id="copy-hint">
          {ticketCopy
            ? `And a copy of the ticket, ${ticketCopy}…, which lies in a cookie beside it: this demo never shows a whole one.`
            : 'You had no ticket when you kept it.'}
        </p>
      </div>
      <div>
        <button type="submit" class="button second" name="do" value="restore">
          Put the copy back
        </button>
      </div>
      <input type="hidden" name="at" value="rollback" />
    </form>
  )
}

/** What is on a card, and what became of the payment since the copy was made. */
function Credit({ now, was, isPaid }: { now: number | undefined; was: number; isPaid: boolean }) {
  return (
    <>
      {now?.toLocaleString('en') ?? 'none'}
      {isPaid && now === was && <Verdict good={false}>Paid, and has it back</Verdict>}
      {isPaid && now !== undefined && now < was && <Verdict good>Paid</Verdict>}
    </>
  )
}

/** The credit that a cookie of the copy says, whoever wrote it. NaN where there is none. */
function inCopy(copy: string | undefined, name: string): number {
  const pair = copy?.split('; ').find((each) => each.startsWith(`${name}=`))
  return Number.parseInt(pair?.slice(name.length + 1) ?? '', 10)
}
