import { Credentials } from './home.tsx'
import { type Frame, Layout } from './layout.tsx'

export interface LoginProps {
  frame: Frame
  username?: string
  /** Whether the box was ticked. */
  remember?: boolean
  /** What went wrong, in a sentence, and which field to look at. */
  error?: { text: string; field?: 'username' | 'password' }
  signedInAs?: string | undefined
  coat?: string | undefined
  /** The browser came from the login page without the cookie that it was given there. */
  cookieMissing?: 'still' | 'works now' | undefined
  host: string
}

export const coats = ['a raincoat', 'an umbrella', 'a top hat'] as const

export function Login({
  frame,
  username = '',
  remember = false,
  error,
  signedInAs,
  coat,
  cookieMissing,
  host,
}: LoginProps) {
  const errorAt = (field: 'username' | 'password') => error?.field === field
  return (
    <Layout {...frame} title={error ? 'Error: Log in' : 'Log in'}>
      <div class="head">
        <h1>Log in</h1>
        {!signedInAs && <p class="lede">You hand over a name and a password. You get a ticket.</p>}
      </div>

      {signedInAs && (
        <div class="message good">
          <p>
            <b>You are already logged in as {signedInAs}.</b>
          </p>
          <p class="actions">
            <a href="/dashboard">Go to the dashboard</a> <a href="/logout">Log out</a>
          </p>
          <p>Logging in again below gives you a new ticket. As somebody else, it ends this session first.</p>
        </div>
      )}
      {cookieMissing && <CookieMissing state={cookieMissing} host={host} />}

      <div class="split">
        <form class="card stack" method="post" action="/login">
          {error && (
            <div class="message error" role="alert" id="login-error">
              <p>
                <b>Not logged in.</b> {error.text}
              </p>
            </div>
          )}
          <div class="field">
            <label for="username">Username</label>
            <input
              id="username"
              name="username"
              type="text"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              maxlength={64}
              required
              value={username}
              autofocus={!signedInAs && !errorAt('password')}
              aria-invalid={errorAt('username') ? 'true' : undefined}
              aria-describedby={errorAt('username') ? 'login-error' : undefined}
            />
          </div>
          <div class="field">
            <label for="password">Password</label>
            <input
              id="password"
              name="password"
              type="password"
              autocomplete="current-password"
              required
              autofocus={errorAt('password')}
              aria-invalid={errorAt('password') ? 'true' : undefined}
              aria-describedby={errorAt('password') ? 'login-error' : undefined}
            />
          </div>
          <label class="actions">
            <input type="checkbox" name="remember" value="yes" checked={remember} />
            Remember me for 30 days
          </label>
          <p>
            <button class="button" type="submit">
              Log in
            </button>
          </p>
        </form>

        <div class="stack">
          <section class="card plain" aria-labelledby="credentials">
            <h2 id="credentials">Who can log in</h2>
            <Credentials />
          </section>
          {!signedInAs && <LeaveACoat coat={coat} />}
        </div>
      </div>
    </Layout>
  )
}

/** A session before login, so that one can see what a login does to it. */
function LeaveACoat({ coat }: { coat: string | undefined }) {
  return (
    <section class="card plain" aria-labelledby="coat">
      <h2 id="coat">Leave something before you log in</h2>
      {coat ? (
        <p>
          You left <b>{coat}</b>, so you have a session already, and a cookie. Log in and see on the dashboard: your
          things are still there, the cookie is a wholly new one, and the old one opens nothing. That is what stops
          session fixation.
        </p>
      ) : (
        <p>
          You have no session yet: no cookie, no record. Hand something over and you get one. Logging in then keeps the
          things and changes the cookie.
        </p>
      )}
      <form class="actions" method="post" action="/coat">
        {coats.map((each) => (
          <button type="submit" class="button second small" name="coat" value={each}>
            Leave {each}
          </button>
        ))}
      </form>
    </section>
  )
}

function CookieMissing({ state, host }: { state: 'still' | 'works now'; host: string }) {
  if (state === 'works now') {
    return (
      <div class="message good" role="status">
        <p>
          <b>Cookies arrive now.</b> Log in once more.
        </p>
      </div>
    )
  }
  return (
    <div class="message error" role="alert">
      <p>
        <b>You can't be logged in like this:</b> your browser did not send the cookie back, because it does not keep
        cookies of <code>{host}</code>.
      </p>
      <p>
        Cookies may be blocked in the browser's settings, by an extension, or for this site only. Without the ticket the
        server can't know which coat is yours. Allow cookies for this site, then log in again.
      </p>
    </div>
  )
}
