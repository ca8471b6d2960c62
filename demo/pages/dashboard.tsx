import { CookieTotal, LiveBar, type LoggedRequest, RecordPanel, RequestList, type StoreView } from 'coatcheck/devtools'
import type { Client } from '../login/client.ts'
import { livePath } from '../request-log.ts'
import { Coat, Ticket } from './coat.tsx'
import { type Frame, Layout } from './layout.tsx'
import { Clock, duration, TimeLeft } from './times.tsx'

export interface DashboardProps {
  frame: Frame
  username: string
  data: object
  cookie: { name: string; start: string; bytes: number; attributes: string | undefined }
  /** How the last login of this browser changed the cookie. */
  login: { before: string | undefined; after: string; oldCookie: 'none' | 'refused' | 'accepted' } | undefined
  now: number
  createdAt: number
  authenticatedAt: number
  expiresAt: number
  absoluteExpiresAt: number
  handle: string
  view: StoreView
  place: string
  isRemembered: boolean
  client: { then: Client; now: Client } | undefined
  requests: LoggedRequest[]
}

export function Dashboard(props: DashboardProps) {
  const { frame, username, data, cookie, login, now, view, client, requests } = props
  const bytes = view.record?.raw.bytes
  return (
    <Layout {...frame} title="Dashboard" script="live.js">
      <div class="head">
        <p class="eyebrow">Only with a ticket</p>
        <h1>Welcome, {capitalised(username)}!</h1>
        <div class="actions">
          <form method="post" action="/logout">
            <button class="button" type="submit">
              Log out
            </button>
          </form>
          <a href="/functions">Try the session functions</a>
        </div>
      </div>
      <div class="message" id="ending" role="alert" hidden>
        <p>
          <b>Your session is about to end.</b> <a href="/dashboard">Extend it</a>
        </p>
      </div>
      {client && <Moved then={client.then} now={client.now} />}

      <div class="objects">
        <Ticket
          name={cookie.name}
          number={`${cookie.start}…`}
          note="your ticket"
          facts={[`${cookie.bytes} bytes, and not a word about you`]}
        />
        <div class="hero-thread" aria-hidden="true" />
        <Coat
          text={inLines(data)}
          note={props.handle}
          facts={[bytes ? `${bytes} bytes in ${props.place}` : 'no record']}
        />
      </div>

      <section aria-labelledby="ticket">
        <h2 id="ticket">Your ticket</h2>
        <dl class="facts">
          {login && (
            <div>
              <dt>Changed at login</dt>
              <dd>
                {login.before ? (
                  <>
                    Before login your cookie began with <code>{login.before}</code>, now <code>{login.after}</code>. The
                    old one opens nothing
                    {login.oldCookie === 'refused' && ': the server tried it right after the login, and it was refused'}
                    .
                  </>
                ) : (
                  <>
                    Before login you had no cookie, since nothing was stored for you. Now it begins with{' '}
                    <code>{login.after}</code>.{' '}
                    <span class="quiet">(Leave something on the login page first to see an old one replaced.)</span>
                  </>
                )}
              </dd>
            </div>
          )}
          <div>
            <dt>What it says</dt>
            <dd>
              {cookie.bytes} random-looking bytes: a number to find the record by, and a secret that proves the number
              is yours. No name, no role, no data. The server itself keeps only a hash of the secret.
            </dd>
          </div>
          {cookie.attributes && (
            <div>
              <dt>How it was sent</dt>
              <dd>
                <code>{cookie.attributes}</code>
              </dd>
            </div>
          )}
          <div>
            <dt>Scripts</dt>
            <dd>
              HttpOnly: <code>document.cookie</code> in this page's console does not contain it.
            </dd>
          </div>
        </dl>
      </section>

      <section aria-labelledby="time">
        <h2 id="time">How long it lasts</h2>
        <dl class="facts" id="times" data-live>
          <div>
            <dt>Age</dt>
            <dd>
              {duration(now - props.createdAt)}, since <Clock at={props.createdAt} />; logged in at{' '}
              <Clock at={props.authenticatedAt} />
            </dd>
          </div>
          <div>
            <dt>Without a request</dt>
            <dd>
              Ends in <TimeLeft ms={props.expiresAt - now} warning="ending" />, at <Clock at={props.expiresAt} />. Any
              request extends it to {props.isRemembered ? '30 days' : '30 minutes'} again, as often as you like (it is
              written down at most once a minute). <a href="/dashboard">Extend it now</a>
            </dd>
          </div>
          <div>
            <dt>In any case</dt>
            <dd>
              Ends in <TimeLeft ms={props.absoluteExpiresAt - now} />, at <Clock at={props.absoluteExpiresAt} />.
              Logging in again starts it anew.
            </dd>
          </div>
        </dl>
      </section>

      <section aria-labelledby="raw">
        <h2 id="raw">Your record, as it is stored</h2>
        <p>
          Read just now, from where it lies in {props.place}: not what the library says of it, but the bytes. Hashes and
          long names are shortened to eight characters. <a href="/record">The record alone</a>
        </p>
        <LiveBar stream={livePath} refresh="/dashboard#raw" />
        <div id="record" data-live>
          <RecordPanel view={view} times={false} />
        </div>
        {props.place !== 'memory' && (
          <p class="aside">
            Stop the server, kill it if you like, and start it again: the record is still there, and you are still
            logged in.
          </p>
        )}
      </section>

      <section aria-labelledby="wire">
        <h2 id="wire">Your last requests</h2>
        <p>
          What your browser sent, what the library did, and what went back, cut to the first four characters of each
          cookie. <a href="/requests">All that are remembered</a>
        </p>
        <div id="requests" data-live>
          <CookieTotal requests={requests} />
          <RequestList requests={requests} now={now} />
        </div>
      </section>
    </Layout>
  )
}

function Moved({ then, now }: { then: Client; now: Client }) {
  return (
    <div class="message" role="status">
      <p>
        <b>Your session has moved.</b> It was opened from {then.agent} at {then.address} and is now used from{' '}
        {now.agent} at {now.address}.
      </p>
      <p>
        That may be you on another network, or someone with a copy of your cookie. It is reported and not punished:
        people change networks all day. If it wasn't you, log out: the session ends for everyone who holds its cookie.
      </p>
    </div>
  )
}

/** The first letter in upper case, whatever script it is in, and whole if it is an emoji. */
export function capitalised(name: string): string {
  const [first = '', ...rest] = name
  return first.toLocaleUpperCase('en') + rest.join('')
}

/** `{ user_id: 1, username: 'alice' }` with one field a line. */
export function inLines(data: object): string {
  const fields = Object.entries(data)
  const width = Math.max(0, ...fields.map(([key]) => key.length))
  return fields.map(([key, value]) => `${key.padEnd(width)}  ${short(JSON.stringify(value))}`).join('\n')
}

function short(text: string): string {
  return text.length > 160 ? `${text.slice(0, 60)}… (${text.length.toLocaleString('en')} characters)` : text
}
