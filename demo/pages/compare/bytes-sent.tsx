import type { CompareProps } from '../compare.tsx'
import { bytes, Claim, Do } from './parts.tsx'

const done: Record<string, string> = {
  enter: 'entering',
  hats: 'ten more hats',
  umbrellas: '600 umbrellas',
  empty: 'emptying the cart',
  pay: 'paying',
  role: 'editing the role',
  ticket: 'editing the ticket',
  forge: 'editing the gift card',
  keep: 'keeping a copy',
  leave: 'logging out',
  restore: 'putting copies back',
  'begin-again': 'beginning again',
}

export function Bytes({ left, right, seen }: CompareProps) {
  const most = Math.max(400, ...seen.views.map((view) => view.left))
  return (
    <section id="bytes" aria-labelledby="bytes-title">
      <h2 id="bytes-title">3. Count what every request carries</h2>
      <Claim left="Sent with every request (slow)" right="Only tiny ID sent" />
      <p>Measured from the Cookie header of your last views of this page, the newest last.</p>
      <div class="actions">
        <Do what="hats" at="bytes">
          Put ten hats in both carts
        </Do>
      </div>
      <div class="table-wrap">
        <table class="bytes">
          <caption class="spoken">Bytes of cookie in each request, by shop</caption>
          <thead>
            <tr>
              <th scope="col">After</th>
              <th scope="col">Cookie shop</th>
              <th scope="col">Session shop</th>
            </tr>
          </thead>
          <tbody>
            {seen.views.map((view) => (
              <tr>
                <th scope="row">{(Object.hasOwn(done, view.after) && done[view.after]) || 'looking'}</th>
                <td>
                  <Bar of="of-cookies" share={view.left / most} />
                  {bytes(view.left)}
                </td>
                <td>
                  <Bar of="of-session" share={view.right / most} />
                  {bytes(view.right)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>
        A page with thirty pictures of this host would bring them thirty-one times: {bytes(31 * left.bytes)} for the
        cookie shop, {bytes(31 * right.bytes)} for the session shop.
      </p>
    </section>
  )
}

/** A style attribute would be refused by the page's own Content-Security-Policy. */
function Bar({ of, share }: { of: string; share: number }) {
  return (
    <svg class={`bar-of ${of}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect width={Math.min(100, share * 100).toFixed(1)} height="8" rx="1" />
    </svg>
  )
}
