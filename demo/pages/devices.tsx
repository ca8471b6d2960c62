import type { SessionSummary } from 'coatcheck'
import { LiveBar, RequestList } from 'coatcheck/devtools'
import type { VisitorData } from '../demo-env.ts'
import { nameOf } from '../login/client.ts'
import { type LoggedRequest, livePath } from '../request-log.ts'
import { capitalised } from './dashboard.tsx'
import { type Frame, Layout } from './layout.tsx'

type DeviceSession = SessionSummary<VisitorData>

export interface DevicesProps {
  frame: Frame
  username: string
  devices: readonly DeviceSession[]
  /** Whether the login is so short ago that no password is asked for. */
  isRecent: boolean
  /** How many sessions a user may have. */
  most: number
  /** What has just been done, in sentences. */
  said: readonly string[]
  /** What waits for the password: the form's address, and the deed in words. */
  asked?: { action: string; what: string; error?: string }
  requests: LoggedRequest[]
  now: number
}

export function Devices(props: DevicesProps) {
  const { frame, username, devices, isRecent, most, said, asked, requests, now } = props
  const others = devices.filter(({ isCurrent }) => !isCurrent)
  return (
    <Layout
      {...frame}
      title={asked?.error ? 'Error: Your devices' : 'Your devices'}
      style="devices.css"
      script="live.js"
    >
      <div class="head">
        <p class="eyebrow">Only with a ticket</p>
        <h1>Your devices</h1>
        <p class="lede">Every ticket that fetches a coat in the name of {username}.</p>
        {/* The address of a form is no page that could be asked for anew. */}
        {!asked && (
          <>
            <LiveBar stream={livePath} refresh="/devices" />
            <p class="aside">
              With JavaScript this page goes to the login by itself, within about a second, when it is ended from
              elsewhere; without, at the next click.
            </p>
          </>
        )}
      </div>
      {said.map((text) => (
        <div class="message good" role="status">
          <p>
            <b>Done.</b> {text} Its record is deleted: from this moment on its ticket opens nothing.
          </p>
        </div>
      ))}
      {asked && <ProveIt {...asked} username={username} />}

      <section aria-labelledby="signed-in" id="devices" data-live>
        <h2 id="signed-in">Logged in now</h2>
        <p>
          {devices.length} of at most {most} sessions: one more login ends the one that logged in longest ago. To end
          one takes effect at once and <b>can't be undone</b>: whoever used it has to log in again.
        </p>
        {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the list role of a list without markers */}
        <ul class="devices" role="list">
          {devices.map((device) => (
            <Device device={device} now={now} />
          ))}
        </ul>
        {others.length === 0 ? (
          <p class="aside">
            No other device: nobody else comes with a ticket of yours. To see one, open a private window or another
            browser, log in as {username} there, and come back.
          </p>
        ) : (
          <div class="all-devices">
            <form method="post" action="/devices/end-others">
              <button class="button" type="submit">
                End all others ({others.length})
              </button>
            </form>
            <details class="confirm" id="all">
              <summary class="button second">End all, this one too</summary>
              <form method="post" action="/devices/end-all">
                <p>All {devices.length} end, and you have to log in again here as well. It can't be undone.</p>
                <button class="button danger" type="submit">
                  Yes, end all
                </button>
              </form>
            </details>
          </div>
        )}
        {others.length > 0 && (
          <p class="aside">
            {isRecent
              ? 'You have just logged in, so no password is asked for.'
              : 'Your login is more than five minutes ago, so you will be asked for your password: whoever finds this browser open must not be able to lock you out elsewhere.'}
          </p>
        )}
      </section>

      {said.length > 0 && (
        <section aria-labelledby="requests">
          <h2 id="requests">What just happened</h2>
          <p>
            The last requests of this browser. <a href="/requests">All that are remembered</a>
          </p>
          <RequestList requests={requests} now={now} />
        </section>
      )}

      <section aria-labelledby="how">
        <h2 id="how">Why this works</h2>
        <div class="two">
          <div class="card">
            <h3>The name opens nothing</h3>
            <p>
              Names such as <code>{devices.find(({ isCurrent }) => isCurrent)?.handle}</code> are handles: made from a
              hash of the session's ID, for lists and logs. Neither the ID nor the ticket is in this page, so a picture
              of it gives nothing away.
            </p>
          </div>
          <div class="card">
            <h3>The coat is gone, not the ticket</h3>
            <p>
              The other browser keeps its cookie. But its record is deleted, so its next request lands at the login. A
              signed token, which carries everything itself, would go on until it expires.
            </p>
          </div>
        </div>
        <p class="aside">
          Browser, system and network are what the browser said of itself at its last login: a help for people, and no
          proof of anything. Neither the whole address nor a place is kept.
        </p>
      </section>
    </Layout>
  )
}

function Device({ device: session, now }: { device: DeviceSession; now: number }) {
  const { handle, device = {}, isCurrent, createdAt, authenticatedAt = createdAt, lastSeenAt, expiresAt } = session
  const name = nameOf(device)
  return (
    <li class={isCurrent ? 'device this-one' : 'device'}>
      <span class={`device-shape ${device.type ?? 'unknown'}`} />
      <div class="device-about">
        <h3>
          {capitalised(name)} {isCurrent && <span class="tagged">this one</span>}{' '}
          {session.isRemembered && <span class="tagged">remembered</span>}
        </h3>
        <p class="quiet">
          {networkInWords(device.address)} · <code>{handle}</code>
        </p>
        <dl>
          <div>
            <dt>Created</dt>
            <dd>
              <Passed at={createdAt} now={now} />
            </dd>
          </div>
          {authenticatedAt.getTime() - createdAt.getTime() > 1000 && (
            <div>
              <dt>Logged in</dt>
              <dd>
                <Passed at={authenticatedAt} now={now} />
              </dd>
            </div>
          )}
          <div>
            <dt>Last seen</dt>
            <dd>{isCurrent ? 'now' : <Passed at={lastSeenAt} now={now} />}</dd>
          </div>
          <div>
            <dt>Ends</dt>
            <dd>in {inWords(expiresAt.getTime() - now)}, unless seen</dd>
          </div>
        </dl>
      </div>
      {isCurrent ? (
        <details class="confirm" id="this-one">
          <summary class="button second small">End this one</summary>
          <form method="post" action={`/devices/${handle}/end`}>
            <p>It is the one you are using: you have to log in again. It can't be undone.</p>
            <button class="button danger small" type="submit">
              Yes, end it here
            </button>
          </form>
        </details>
      ) : (
        <form method="post" action={`/devices/${handle}/end`}>
          <button class="button second small" type="submit">
            End <span class="spoken">{`${name}, ${handle}`}</span>
          </button>
        </form>
      )}
    </li>
  )
}

function ProveIt({ action, what, error, username }: NonNullable<DevicesProps['asked']> & { username: string }) {
  return (
    <form class="card stack prove-it" method="post" action={action}>
      <h2>Is it still you?</h2>
      <p>
        Before you {what}: your login is more than five minutes ago. Whoever finds a browser open must not be able to
        lock its owner out elsewhere, so this takes the password once more.
      </p>
      {error && (
        <div class="message error" role="alert" id="proof-error">
          <p>
            <b>Nothing was ended.</b> {error}
          </p>
        </div>
      )}
      <input type="hidden" name="username" value={username} autocomplete="username" />
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={error ? 'proof-error' : undefined}
        />
      </div>
      <p class="actions">
        <button class="button" type="submit">
          {capitalised(what)}
        </button>
        <a href="/devices">Leave everything as it is</a>
      </p>
    </form>
  )
}

/** Behind the end of one's own session. `deed`: the request that ended it, where there was one. */
export function Ended({ frame, deed, now }: { frame: Frame; deed: LoggedRequest | undefined; now: number }) {
  return (
    <Layout {...frame} title={deed ? 'This session has ended' : 'No session here'}>
      <div class="head">
        <h1>{deed ? 'This session has ended' : 'No session here'}</h1>
        <p class="lede">{deed ? 'The coat is gone, so the ticket opens nothing.' : 'No ticket, no coat.'}</p>
        {deed && (
          <p>
            Its record was deleted on the server, and the cookie in this browser has expired. A copy of that cookie,
            kept from before, opens nothing.
          </p>
        )}
        <p class="actions">
          <a class="button" href="/login">
            Log in
          </a>
          <a href="/devices">Try your devices</a>
        </p>
      </div>
      {deed && (
        <section aria-labelledby="what-happened">
          <h2 id="what-happened">What happened</h2>
          <RequestList requests={[deed]} now={now} />
        </section>
      )}
    </Layout>
  )
}

function networkInWords(address: string | undefined): string {
  if (address === undefined) return 'from nowhere known'
  return address === '127.0.0.0/24' || address === '::/48' ? 'this machine' : `network ${address}`
}

function Passed({ at, now }: { at: Date; now: number }) {
  const iso = at.toISOString()
  const passed = now - at.getTime()
  return (
    <time datetime={iso} title={`${iso.slice(0, 19).replace('T', ' ')} UTC`}>
      {passed < 2000 ? 'just now' : `${inWords(passed)} ago`}
    </time>
  )
}

/** The largest unit alone is enough here. */
function inWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
