import { raw } from 'hono/html'
import { functionGroups } from '../functions/index.ts'
import { Outcome } from '../functions/outcome.tsx'
import { ListedRow, type RowState, RunForm, SeedRow } from '../functions/row.tsx'
import { seedFunctions } from '../seed-functions.ts'
import type { FunctionRun } from '../seed-lab.ts'
import { Coat, Ticket } from './coat.tsx'
import { inLines } from './dashboard.tsx'
import { type Frame, Layout } from './layout.tsx'

export interface FunctionsProps {
  frame: Frame
  cookie: { name: string; start: string | undefined; bytes: number }
  handle: string | undefined
  data: object
  recordBytes: number | undefined
  /** The newest last. */
  runs: ReadonlyMap<string, FunctionRun>
  /** The version of the PHP that is run beside ours. */
  php: string | undefined
  /** A key or value that was refused, and why. */
  problem?: { name: string; text: string } | undefined
}

export function Functions({ frame, cookie, handle, data, recordBytes, runs, php, problem }: FunctionsProps) {
  const newest = [...runs.keys()].at(-1)
  const stateOf = (name: string): RowState => ({
    run: runs.get(name),
    isNewest: name === newest,
    problem: problem?.name === name ? problem.text : undefined,
  })
  return (
    <Layout {...frame} title="Session functions" style="functions.css" script="functions.js">
      <div class="head">
        <h1>Session functions</h1>
        <p class="lede">Each call, in PHP and in TypeScript. Run it, and see what it did.</p>
        <p>
          It runs on a session of your own beside your login: same store, same rules, another cookie. Nothing you do
          here logs you in or out. The last five results stay on the page.
        </p>
        {php === undefined ? (
          <p class="aside">
            PHP is not installed here, so its side is text only. With <code>php-cgi</code> on the PATH when the demo
            starts, each button makes the same call in real PHP as well.
          </p>
        ) : (
          <p class="aside">
            Each button makes the same call in <b>real PHP {php}</b> as well, with PHP’s own defaults, on session files
            of yours that nobody else reads. This server plays PHP’s browser there and keeps its cookie. That session
            gives no rights and lives ten minutes, so its whole ID is shown.
          </p>
        )}
      </div>
      <div class="objects" id="now">
        <Ticket
          name={cookie.name}
          number={cookie.start ? `${cookie.start}…` : 'no cookie'}
          note={cookie.start ? 'lab ticket' : 'none'}
          facts={[
            cookie.start ? `${cookie.bytes} bytes, whatever is stored` : 'Nothing is stored, so you hold nothing.',
          ]}
        />
        <div class="hero-thread" aria-hidden="true" />
        <Coat
          text={handle ? inLines(data) || '(no data)' : 'no record'}
          note={handle ?? 'empty hook'}
          facts={[
            recordBytes === undefined ? 'Store something below.' : `${recordBytes.toLocaleString('en')} bytes on disk`,
          ]}
        />
      </div>
      <FunctionIndex />

      <section class="function-group" aria-labelledby="first-calls">
        <h2 id="first-calls">The first calls</h2>
        {seedFunctions.map((each) => (
          <SeedRow of={each} {...stateOf(each.name)} />
        ))}
        <section class="function" id="large">
          <h3>Store more than a cookie could hold</h3>
          <p>
            A cookie ends at about 4 KB. Store 100 KB in the session, and see that the cookie stays as small as it is.
          </p>
          <RunForm name="large" button="Store 100 KB" />
          <Outcome run={runs.get('large')} />
        </section>
        <section class="function" id="late">
          <h3>Start a session too late</h3>
          <p>
            “MUST be before any output”: the cookie travels in a header, and headers leave first. This page sends its
            upper half, then opens a session, and shows you the error it gets.
          </p>
          <p>
            <a class="button second small" href="/functions/late">
              Send output, then start a session
            </a>
          </p>
        </section>
      </section>

      {functionGroups.map(({ id, title, functions }) => (
        <section class="function-group" aria-labelledby={id}>
          <h2 id={id}>{title}</h2>
          {functions.map((each) => (
            <ListedRow of={each} hasPhp={php !== undefined} {...stateOf(each.name)} />
          ))}
        </section>
      ))}
    </Layout>
  )
}

function FunctionIndex() {
  const groups = [
    { title: 'The first calls', links: seedFunctions.map(({ name, title }) => ({ name, text: title })) },
    ...functionGroups.map(({ title, functions }) => ({
      title,
      links: functions.map(({ name }) => ({ name, text: name })),
    })),
  ]
  return (
    <nav class="panel function-index" aria-labelledby="function-index">
      <h2 id="function-index">Find a function</h2>
      <p>
        First the calls of every PHP lesson; then all 23 <code>session_*</code> functions of the PHP manual. Open a row
        for its code and what differs.{' '}
        <noscript>Without JavaScript a link leads to its row, and you open the row yourself.</noscript>
      </p>
      {groups.map(({ title, links }) => (
        <div>
          <h3>{title}</h3>
          <ul>
            {links.map(({ name, text }) => (
              <li>
                <a href={`#${name}`}>{text}</a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}

/** Where the page about starting too late is cut in two. */
export const cutHere = '<!-- the rest of this page was written after the session was opened -->'

/** A page whose upper half leaves before the session is opened. */
export function TooLate({ frame }: { frame: Frame }) {
  return (
    <Layout {...frame} title="A session started too late">
      <div class="head">
        <h1>Too late</h1>
        <p class="lede">You are reading the upper half of this page. It has left the server, headers first.</p>
        <p>
          Only now the server calls <code>await sessions.open(c)</code>:
        </p>
      </div>
      {raw(cutHere)}
      <p class="actions section-gap">
        <a class="button second" href="/functions#late">
          Back to the functions
        </a>
      </p>
    </Layout>
  )
}

/** What the call threw, or that it did not. */
export function TooLateAnswer({ error, bytes }: { error: Error | undefined; bytes: number }) {
  return error ? (
    <div class="message error" role="alert">
      <p>
        <b>{error.message}.</b>
      </p>
      <p>
        {bytes.toLocaleString('en')} bytes had left by then. PHP says it in other words: “Session cannot be started
        after headers have already been sent”.
      </p>
    </div>
  ) : (
    <p class="message">No error: the session was opened in time.</p>
  )
}
