import type { LoggedRequest } from '../request-log.ts'
import { phpSample, typescriptSample } from '../seed-functions.ts'
import { Coat, Ticket } from './coat.tsx'
import { Code } from './code.tsx'
import { type Frame, Layout, LessonLinks } from './layout.tsx'
import { RequestList } from './requests.tsx'
import { Sequence, type Step } from './sequence.tsx'

const example: Step[] = [
  { kind: 'request', title: 'POST /login', details: ['username=alice, password=***'] },
  { kind: 'work', title: 'Validate credentials' },
  { kind: 'work', title: <code>session_start()</code> },
  {
    kind: 'work',
    title: (
      <>
        Generate ID: <code>"abc123"</code>
      </>
    ),
  },
  {
    kind: 'work',
    title: (
      <>
        Create file: <code>/tmp/sess_abc123</code>
      </>
    ),
  },
  {
    kind: 'work',
    title: (
      <>
        Write: <code>{'{user_id: 1, username: "alice"}'}</code>
      </>
    ),
  },
  { kind: 'response', title: 'Set-Cookie: PHPSESSID=abc123' },
  { kind: 'request', title: 'GET /dashboard', details: ['Cookie: PHPSESSID=abc123'] },
  { kind: 'work', title: <code>session_start()</code> },
  {
    kind: 'work',
    title: (
      <>
        Read <code>/tmp/sess_abc123</code>
      </>
    ),
  },
  { kind: 'work', title: <code>{'$_SESSION = {user_id: 1, username: "alice"}'}</code> },
  { kind: 'response', title: '"Welcome, Alice!"' },
]

const comparison = [
  ['Data stored in browser', 'Data stored on server'],
  ['~4KB size limit', 'Unlimited size'],
  ['User can view/modify data', 'User sees only opaque ID'],
  ['Sent with every request (slow)', 'Only tiny ID sent'],
  ['Client-side manipulation risk', 'Server-controlled security'],
]

interface HomeProps {
  frame: Frame
  /** This browser's last login, as it was. */
  yours: readonly LoggedRequest[]
  /** The original's drawing all the same. */
  isExample: boolean
  now: number
}

export function Home({ frame, yours, isExample, now }: HomeProps) {
  return (
    <Layout {...frame}>
      <div class="hero">
        <div class="hero-words">
          <p class="eyebrow">State on the web, lesson two</p>
          <h1>Server Sessions Demo</h1>
          <p class="lede">The browser holds a ticket. The server keeps the coat.</p>
        </div>
        <div class="hero-objects">
          <Ticket name="PHPSESSID" number="abc123" note="example" facts={['All the browser ever holds']} />
          <div class="hero-thread" aria-hidden="true" />
          <Coat text={'user_id   1\nusername  "alice"'} note="example" facts={['Everything else']} />
        </div>
      </div>

      <section aria-labelledby="how">
        <h2 id="how">How Server Sessions Work</h2>
        <p class="large">
          Server sessions combine the best of both worlds: a small cookie holds just an ID, while all the actual data
          stays safely on the server.
        </p>
        <Diagram yours={yours} isExample={isExample} now={now} />
        <p class="insight">
          <strong>Key insight:</strong> The browser only knows a random ID. All sensitive data (user info, permissions,
          cart contents) stays on the server where it can't be tampered with.
        </p>
      </section>

      <section aria-labelledby="why">
        <h2 id="why">Why Sessions Over Plain Cookies?</h2>
        <div class="table-wrap">
          <table class="versus">
            <thead>
              <tr>
                <th scope="col">Plain Cookies</th>
                <th scope="col">Server Sessions</th>
              </tr>
            </thead>
            <tbody>
              {comparison.map(([cookie, session]) => (
                <tr>
                  <td>{cookie}</td>
                  <td>{session}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <p class="aside">
          “Unlimited” means: no limit of the browser's. A server sets its own, and here it is 1 MB. See both limits for
          yourself: <a href="/cookies#limit">5 KB in a cookie</a>, <a href="/functions#large">100 KB in a session</a>.
        </p>
      </section>

      <section aria-labelledby="try" class="try">
        <div>
          <h2 id="try">Try the Demo</h2>
          <p class="actions">
            <a class="button" href="/login">
              Go to Login Page
            </a>
            <a href="/tour">Or take the tour: six steps, five minutes</a>
          </p>
        </div>
        <Credentials />
      </section>

      <section aria-labelledby="functions">
        <h2 id="functions">PHP Session Functions</h2>
        <p>
          Line for line, PHP and the same in TypeScript. <a href="/functions">Run each of them</a> on a session of your
          own and watch the record change.
        </p>
        <div class="pair">
          <Code name="PHP" text={phpSample} />
          <Code name="TypeScript" text={typescriptSample} />
        </div>
      </section>

      <section aria-labelledby="practices">
        <h2 id="practices">Session Security Best Practices</h2>
        <div class="table-wrap">
          <table class="practices">
            <thead>
              <tr>
                <th scope="col">Practice</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <td>
                  <code>session_regenerate_id(true)</code> on login
                </td>
                <td>Prevents session fixation attacks</td>
              </tr>
              <tr>
                <td>Use HTTPS</td>
                <td>Prevents session ID interception</td>
              </tr>
              <tr>
                <td>
                  Set <code>httponly</code> cookie flag
                </td>
                <td>Prevents JavaScript theft of session ID</td>
              </tr>
              <tr>
                <td>
                  Set <code>secure</code> cookie flag
                </td>
                <td>Only send cookie over HTTPS</td>
              </tr>
              <tr>
                <td>Validate user agent/IP (carefully)</td>
                <td>Detect session hijacking</td>
              </tr>
            </tbody>
          </table>
        </div>
        <p>
          Does this demo keep to them? <a href="/practices">See for yourself</a>: each is judged by this server's own
          answers to you.
        </p>
      </section>

      <section aria-labelledby="flow">
        <h2 id="flow">Demo Flow</h2>
        <ol class="flow">
          <li>
            <a href="/login.php">login.php</a> - Shows login form, handles authentication
          </li>
          <li>
            <a href="/dashboard.php">dashboard.php</a> - Protected page, requires session
          </li>
          <li>
            <a href="/logout.php">logout.php</a> - Destroys session, clears cookie
          </li>
        </ol>
      </section>

      <LessonLinks previous={['/cookies', 'Cookies']} next={['/client-storage', 'Client Storage']} />
    </Layout>
  )
}

/** Whoever has logged in sees what really happened then, and can have the original's drawing back. */
function Diagram({ yours, isExample, now }: Pick<HomeProps, 'yours' | 'isExample' | 'now'>) {
  if (yours.length > 0 && !isExample)
    return (
      <>
        <p>
          This is your own last login, as it happened, and the page after it.{' '}
          <a href="/?diagram=example#how">Show the example instead</a>
        </p>
        <RequestList requests={yours} now={now} />
      </>
    )
  return (
    <div class="panel">
      <p class="panel-note">
        <span class="tagged">example</span> The names and values of a PHP site.{' '}
        {yours.length > 0 ? (
          <a href="/#how">Show my own login instead</a>
        ) : (
          <>
            Once you have logged in, your own requests are drawn here. <a href="/tour">Take the tour</a>
          </>
        )}
      </p>
      <Sequence steps={example} label="Logging in and opening the dashboard" />
    </div>
  )
}

export function Credentials() {
  return (
    <div class="credentials">
      <p>
        <b>Demo credentials:</b>
      </p>
      <dl>
        <div>
          <dt>Username:</dt>
          <dd>
            <code>admin</code>
          </dd>
        </div>
        <div>
          <dt>Password:</dt>
          <dd>
            <code>secret</code>
          </dd>
        </div>
      </dl>
      <p>
        (Or use any username with password <code>"password"</code>)
      </p>
      <p class="quiet">“Any” includes admin, so admin has two passwords.</p>
    </div>
  )
}
