import type { Theme } from '../theme.ts'
import { Attributes } from './cookies/attributes.tsx'
import { type Frame, Layout, LessonLinks } from './layout.tsx'

/** A cookie that was set to see what its attributes do. */
export interface Trial {
  name: string
  line: string
  about: string
  hasCome: boolean
}

export interface CookiesProps {
  frame: Frame
  /** What the browser sent back. */
  favourite: string | undefined
  /** After trying to set a cookie of that many bytes: how many came back. */
  sent: { bytes: number; back: number } | undefined
  sizes: readonly number[]
  trials: readonly Trial[]
  /** The trials have just been set. */
  hasTried: boolean
  /** By a link on a page of another site. */
  comesFromElsewhere: boolean
  /** This server by a name that makes it another site. */
  otherSite: string | undefined
  /** The demo's own in this request, and the whole header's size. */
  cookies: readonly { name: string; bytes: number }[]
  headerBytes: number
  theme: Theme
}

export function Cookies(props: CookiesProps) {
  return (
    <Layout {...props.frame} title="Cookies" style="lessons.css" script="cookies.js">
      <div class="head">
        <p class="eyebrow">State on the web, lesson one</p>
        <h1>Cookies</h1>
        <p class="lede">A note that the server hands over, and the browser brings along on every visit.</p>
        <p>
          The whole value lies in the browser. The server keeps nothing, and believes what comes back. That is right for
          a choice of colours, and wrong for anything that must be true: who you are, what you may do, what things cost.
        </p>
        <noscript>
          <p class="aside">
            JavaScript is off. One column of a table below needs it: what a script sees. All else is the same.
          </p>
        </noscript>
      </div>
      <Yours {...props} />
      <Attributes {...props} />
      <Limit {...props} />
      <EveryRequest {...props} />
      <WhenRight {...props} />
      <LessonLinks next={['/', 'Server Sessions']} />
    </Layout>
  )
}

function Yours({ favourite }: CookiesProps) {
  return (
    <section id="yours" aria-labelledby="yours-title">
      <h2 id="yours-title">A cookie of your own</h2>
      <dl class="facts">
        <div>
          <dt>Your browser sent</dt>
          <dd>
            {favourite === undefined ? (
              'no cookie named favourite'
            ) : (
              <>
                <code>favourite={favourite}</code>, and the server knows no more than that
              </>
            )}
          </dd>
        </div>
      </dl>
      <form class="inline-form" method="post" action="/cookies">
        <div class="field">
          <label for="value">Favourite coat</label>
          <input
            id="value"
            name="value"
            type="text"
            maxlength={100}
            required
            autocomplete="off"
            value={favourite ?? 'duffle coat'}
          />
        </div>
        <button type="submit" class="button" name="do" value="set">
          Set the cookie
        </button>
        <button type="submit" class="button second" name="do" value="delete" formnovalidate>
          Delete it
        </button>
      </form>
      <p class="aside">
        It lives for an hour, and scripts may read it. In the browser's developer tools, under Application or Storage,
        you can change it to anything you like, and reload: the server has no way to notice.
      </p>
    </section>
  )
}

function Limit({ sent, sizes }: CookiesProps) {
  return (
    <section id="limit" aria-labelledby="limit-title">
      <h2 id="limit-title">About 4 KB, then nothing</h2>
      <p>Browsers keep a name and value of up to 4,096 bytes together. A larger cookie is dropped without a word.</p>
      {sent && (
        <p class={sent.back === sent.bytes ? 'message' : 'message error'} role="status">
          The server sent {sent.bytes.toLocaleString('en')} bytes. Your browser brought back{' '}
          <b>{sent.back.toLocaleString('en')}</b>
          {sent.back > 0 && sent.back !== sent.bytes ? ', the cookie from before.' : '.'}
        </p>
      )}
      <form class="actions" method="post" action="/cookies">
        <input type="hidden" name="do" value="large" />
        {sizes.map((size) => (
          <button type="submit" class="button second" name="size" value={String(size)}>
            Set a cookie of {size.toLocaleString('en')} bytes
          </button>
        ))}
      </form>
      <p>
        There is a limit of number, too. Chromium keeps 180 cookies of a site; the next one makes it throw the oldest
        ones out, and a login may be among them. A session has no such limits:{' '}
        <a href="/functions#large">store 100 KB in one</a>.
      </p>
    </section>
  )
}

function EveryRequest({ cookies, headerBytes }: CookiesProps) {
  const ours = cookies.reduce((sum, { bytes }) => sum + bytes, 0) + 2 * Math.max(0, cookies.length - 1)
  return (
    <section id="bytes" aria-labelledby="bytes-title">
      <h2 id="bytes-title">Carried by every request</h2>
      <p>
        Not once, and not when asked: with each page, picture and script of the path. This request for the page brought{' '}
        <b>{headerBytes.toLocaleString('en')}</b> bytes of cookies.
      </p>
      {cookies.length > 0 && (
        <div class="table-wrap">
          <table class="carried">
            <caption class="spoken">The cookies of this request</caption>
            <thead>
              <tr>
                <th scope="col">Cookie</th>
                <th scope="col">Bytes</th>
              </tr>
            </thead>
            <tbody>
              {cookies.map(({ name, bytes }) => (
                <tr>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td>{bytes.toLocaleString('en')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {headerBytes > ours && (
        <p class="aside">
          {(headerBytes - ours).toLocaleString('en')} of them belong to other servers on this host. Cookies ignore
          ports: what one server sets, all on the same host are sent.
        </p>
      )}
    </section>
  )
}

function WhenRight({ theme }: CookiesProps) {
  return (
    <section id="when" aria-labelledby="when-title">
      <h2 id="when-title">When a plain cookie is right</h2>
      <div class="two">
        <div class="card">
          <h3>Right</h3>
          <p>
            For a choice that harms nobody when it is edited, lost or copied. Such as the colours of these pages: your
            browser sent{' '}
            {theme === 'auto' ? (
              <>
                no cookie <code>theme</code>, so they follow your system
              </>
            ) : (
              <code>theme={theme}</code>
            )}
            . The switch at the foot changes it. Anything but light and dark counts as no choice: even here the server
            checks.
          </p>
        </div>
        <div class="card">
          <h3>Wrong</h3>
          <p>
            For what must be true: who you are, what you may do, what things cost. See what becomes of a shop that keeps
            those in cookies: <a href="/compare">cookie against session</a>.
          </p>
        </div>
      </div>
    </section>
  )
}
