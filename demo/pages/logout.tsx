import type { LoggedRequest } from '../request-log.ts'
import { type Frame, Layout } from './layout.tsx'
import { RequestList } from './requests.tsx'

export function ConfirmLogout({ frame, username }: { frame: Frame; username: string }) {
  return (
    <Layout {...frame} title="Log out?">
      <div class="head">
        <h1>Log out?</h1>
        <p class="lede">You are logged in as {username}.</p>
        <p>
          A link only asks. If opening this address were enough, any page on the web could log you out with an image
          tag; so it takes a form, which is sent by POST.
        </p>
        <form class="actions" method="post" action="/logout">
          <button class="button" type="submit">
            Log out
          </button>
          <a href="/dashboard">Stay logged in</a>
        </form>
      </div>
    </Layout>
  )
}

export function LoggedOut({ frame, logout, now }: { frame: Frame; logout?: LoggedRequest | undefined; now: number }) {
  return (
    <Layout {...frame} title="Logged out">
      <div class="head">
        <h1>You are logged out</h1>
        <p class="lede">No ticket, no coat.</p>
        {logout ? (
          <p>
            The record was deleted on the server and the cookie in your browser has expired. A copy of that cookie, kept
            from before, opens nothing. Try the Back button: the page asks the server again and lands at the login. (One
            line of script sees to that; with JavaScript off, a browser may show the copy that it kept.)
          </p>
        ) : (
          <p>There is no session that could be ended, and asking for it is harmless.</p>
        )}
        <p class="actions">
          <a class="button" href="/login">
            Log in
          </a>
          <a href="/dashboard">Try the dashboard</a>
        </p>
      </div>
      {logout && (
        <section aria-labelledby="what-happened">
          <h2 id="what-happened">What happened</h2>
          <RequestList requests={[logout]} now={now} />
        </section>
      )}
    </Layout>
  )
}
