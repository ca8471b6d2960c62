import { type Frame, Layout, LessonLinks } from './layout.tsx'

export interface CookiesProps {
  frame: Frame
  /** What the browser sent back. */
  favourite: string | undefined
  /** After trying to set a cookie of that many bytes: how many came back. */
  sent: { bytes: number; back: number } | undefined
}

export function Cookies({ frame, favourite, sent }: CookiesProps) {
  return (
    <Layout {...frame} title="Cookies">
      <div class="head">
        <p class="eyebrow">State on the web, lesson one</p>
        <h1>Cookies</h1>
        <p class="lede">A note that the server hands over, and the browser brings along on every visit.</p>
        <p>
          The whole value lies in the browser. The server keeps nothing, and believes what comes back. That is right for
          a choice of colours (the switch at the foot of these pages is such a cookie), and wrong for anything that must
          be true: who you are, what you may do, what things cost.
        </p>
      </div>

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

      <section id="limit" aria-labelledby="limit-title">
        <h2 id="limit-title">About 4 KB, then nothing</h2>
        <p>Browsers keep a name and value of up to 4,096 bytes together. A larger cookie is dropped without a word.</p>
        {sent && (
          <p class={sent.back > 0 ? 'message' : 'message error'} role="status">
            The server sent {sent.bytes.toLocaleString('en')} bytes. Your browser brought back{' '}
            <b>{sent.back.toLocaleString('en')}</b>.
          </p>
        )}
        <form method="post" action="/cookies">
          <button type="submit" class="button second" name="do" value="large">
            Set a cookie of 5,000 bytes
          </button>
        </form>
        <p>
          A session has no such limit: <a href="/functions#large">store 100 KB in one</a>.
        </p>
      </section>

      <LessonLinks next={['/', 'Server Sessions']} />
    </Layout>
  )
}
