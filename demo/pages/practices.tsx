import type { Practice, Verdict } from '../practices.ts'
import { type Frame, Layout } from './layout.tsx'

export interface PracticesProps {
  frame: Frame
  original: Practice[]
  more: Practice[]
  isSecure: boolean
  /** What a script looks for, in vain. */
  cookieName: string
}

const words: Record<Verdict, string> = { yes: 'Yes', no: 'No', unknown: 'Not seen yet' }

export function Practices({ frame, original, more, isSecure, cookieName }: PracticesProps) {
  const all = [...original, ...more]
  const count = (verdict: Verdict) => all.filter((each) => each.verdict === verdict).length
  return (
    <Layout {...frame} title="Session Security Best Practices" style="practices.css" script="practices.js">
      <div class="head">
        <h1>Session Security Best Practices</h1>
        <p class="lede">What one should do, why, and whether it is done on here, now.</p>
        <p>
          The last column is not written down anywhere. It is found out while this page is made: from this response,
          from your session, from what the server remembers of this browser's last requests, and from two requests that
          the server makes to itself.
        </p>
        <p class="verdicts">
          {(['yes', 'no', 'unknown'] as const).map((verdict) => (
            <span class={`verdict ${verdict}`}>
              {words[verdict]}: {count(verdict)}
            </span>
          ))}
        </p>
      </div>

      <section aria-label="The practices">
        <div class="table-wrap">
          <table class="judged">
            <caption class="spoken">Session Security Best Practices, judged by this response and your session</caption>
            <thead>
              <tr>
                <th scope="col">Practice</th>
                <th scope="col">Why</th>
                <th scope="col">On here now?</th>
              </tr>
            </thead>
            <Rows practices={original} cookieName={cookieName} />
            <Rows practices={more} cookieName={cookieName} title="Not in the original: ours" />
          </table>
        </div>
        <p class="aside">
          “Not seen yet” says what to do to see it. <a href="/login">Log in</a>, leave something before you do, log out,
          and come back in between: the column changes with you.
        </p>
      </section>

      <section aria-labelledby="https">
        <h2 id="https">With HTTPS and without</h2>
        <p>
          <WithCode
            text={
              isSecure
                ? 'You are on HTTPS: the ticket is `Secure`, and its name begins with `__Host-`, so that no other host can set it. Start the demo without `--https`, log in, and two cells change.'
                : 'You are on plain HTTP. Start the demo with `--https`, log in, and two cells change: HTTPS, and the flag `Secure`.'
            }
          />
        </p>
        <pre class="output">
          <code>{isSecure ? 'npm start' : 'npm start -- --https'}</code>
        </pre>
      </section>
    </Layout>
  )
}

function Rows({ practices, title, cookieName }: { practices: Practice[]; title?: string; cookieName: string }) {
  return (
    <tbody>
      {title && (
        <tr class="group">
          <th scope="rowgroup" colspan={3}>
            {title}
          </th>
        </tr>
      )}
      {practices.map(({ practice, why, verdict, evidence }) => (
        <tr>
          <th scope="row">
            <WithCode text={practice} />
          </th>
          <td>{why}</td>
          <td>
            <span class={`verdict ${verdict}`}>{words[verdict]}</span> <WithCode text={evidence} />
            {practice.includes('httponly') && verdict === 'yes' && <span data-looks-for={cookieName} />}
          </td>
        </tr>
      ))}
    </tbody>
  )
}

/** What stands between backticks is code. */
function WithCode({ text }: { text: string }) {
  return (
    <>
      {text
        .split('`')
        .map((part, index) =>
          index % 2 === 1 ? <code class={part.length < 30 ? 'whole' : undefined}>{part}</code> : part,
        )}
    </>
  )
}
