import { CookieTotal, LiveBar, type LoggedRequest, RequestList } from 'coatcheck/devtools'
import { livePath } from '../request-log.ts'
import { type Frame, Layout } from './layout.tsx'

export { RequestList } from 'coatcheck/devtools'

export function Requests({ frame, requests, now }: { frame: Frame; requests: LoggedRequest[]; now: number }) {
  return (
    <Layout {...frame} title="Your requests" script="live.js">
      <div class="head">
        <p class="eyebrow">On the wire</p>
        <h1>Your requests</h1>
        <p class="lede">What your browser and this server really said to each other.</p>
        <p>
          The last 20 requests of this browser, oldest first, kept in the server's memory. They are told apart by a
          cookie of their own, <code>viewer</code>, so that they outlast logging in and out; nobody else sees them. Of a
          cookie's value only the first four characters are kept, and nothing of what a form contained.
        </p>
        <p class="aside">
          Open another page in a second tab, and it appears here. What this page asks to stay up to date is not listed:
          looking is no news. <a href="/record">See your record</a>
        </p>
        <LiveBar stream={livePath} refresh="/requests" />
      </div>
      <section aria-label="Requests" id="requests" data-live>
        <CookieTotal requests={requests} />
        <RequestList requests={requests} now={now} />
      </section>
    </Layout>
  )
}
