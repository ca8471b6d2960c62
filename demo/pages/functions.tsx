import { raw } from 'hono/html'
import type { RawRecord } from '../raw-record.ts'
import { type SeedFunction, seedFunctions } from '../seed-functions.ts'
import type { FunctionRun } from '../seed-lab.ts'
import { Coat, Ticket } from './coat.tsx'
import { Code } from './code.tsx'
import { inLines } from './dashboard.tsx'
import { type Frame, Layout } from './layout.tsx'
import { RecordLines } from './record.tsx'

export interface FunctionsProps {
  frame: Frame
  cookie: { name: string; start: string | undefined; bytes: number }
  handle: string | undefined
  data: object
  recordBytes: number | undefined
  runs: ReadonlyMap<string, FunctionRun>
  /** A key or value that was refused, and why. */
  problem?: { name: string; text: string } | undefined
}

export function Functions({ frame, cookie, handle, data, recordBytes, runs, problem }: FunctionsProps) {
  return (
    <Layout {...frame} title="Session functions">
      <div class="head">
        <h1>Session functions</h1>
        <p class="lede">Each call, in PHP and in TypeScript. Run it, and see what it did.</p>
        <p>
          It runs on a session of your own beside your login: same store, same rules, another cookie. Nothing you do
          here logs you in or out.
        </p>
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
      {seedFunctions.map((each) => (
        <OneFunction
          of={each}
          run={runs.get(each.name)}
          problem={problem?.name === each.name ? problem.text : undefined}
        />
      ))}

      <section class="function" id="large" aria-labelledby="large-title">
        <h2 id="large-title">Store more than a cookie could hold</h2>
        <p>
          A cookie ends at about 4 KB. Store 100 KB in the session, and see that the cookie stays as small as it is.
        </p>
        <RunForm name="large" button="Store 100 KB" />
        <Result run={runs.get('large')} />
      </section>

      <section class="function" id="late" aria-labelledby="late-title">
        <h2 id="late-title">Start a session too late</h2>
        <p>
          “MUST be before any output”: the cookie travels in a header, and headers leave first. This page sends its
          upper half, then opens a session, and shows you the error it gets.
        </p>
        <p>
          <a class="button second" href="/functions/late">
            Send output, then start a session
          </a>
        </p>
      </section>
    </Layout>
  )
}

function OneFunction({
  of,
  run,
  problem,
}: {
  of: SeedFunction
  run: FunctionRun | undefined
  problem: string | undefined
}) {
  return (
    <section class="function" id={of.name} aria-labelledby={`${of.name}-title`}>
      <h2 id={`${of.name}-title`}>{of.title}</h2>
      <div class="pair">
        <Code name="PHP" text={of.php} />
        <Code name="TypeScript" text={of.typescript} />
      </div>
      <p>{of.note}</p>
      <RunForm {...of} problem={problem} />
      <Result run={run} />
    </section>
  )
}

type RunFormProps = Pick<SeedFunction, 'name' | 'button' | 'asks' | 'firstKey' | 'firstValue'> & {
  problem?: string | undefined
}

function RunForm({ name, button, asks, firstKey, firstValue, problem }: RunFormProps) {
  const problemId = problem && `${name}-problem`
  return (
    <form class="inline-form" method="post" action={`/functions/${name}`}>
      {asks && (
        <div class="field">
          <label for={`${name}-key`}>Key</label>
          <input
            id={`${name}-key`}
            name="key"
            type="text"
            value={firstKey}
            maxlength={32}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            required
            aria-invalid={problem ? 'true' : undefined}
            aria-describedby={problemId}
          />
        </div>
      )}
      {asks === 'key and value' && (
        <div class="field">
          <label for={`${name}-value`}>Value</label>
          <input id={`${name}-value`} name="value" type="text" value={firstValue} maxlength={200} autocomplete="off" />
        </div>
      )}
      <button class="button second" type="submit">
        {button}
      </button>
      {problem && (
        <p class="message error" role="alert" id={problemId}>
          {problem}
        </p>
      )}
    </form>
  )
}

/** What the newest run of a call did: to the caller, to the record, to the headers. */
function Result({ run }: { run: FunctionRun | undefined }) {
  if (!run) return null
  const { returned, before, after, request } = run
  const cookies = request.answer?.setCookies ?? []
  return (
    <div class="result">
      <h3>What it did</h3>
      <dl>
        <dt>Returned</dt>
        <dd>{returned === undefined ? 'nothing' : <code>{returned}</code>}</dd>
        <dt>Set-Cookie</dt>
        <dd>{cookies.length === 0 ? 'none' : cookies.map((cookie) => <code class="line">{cookie}</code>)}</dd>
        <dt>Cookies sent</dt>
        <dd>
          {request.cookies.length === 0
            ? 'none'
            : `${request.cookies.join('; ')} (${request.cookieBytes} bytes in all)`}
        </dd>
        <dt>The library</dt>
        <dd>{request.steps.map(({ text }) => text).join(' → ') || 'did not ask the store'}</dd>
      </dl>
      {isSame(before, after) ? (
        <RecordLines title={before ? 'The record, unchanged' : 'No record, before and after'} record={before} />
      ) : (
        <div class="before-after">
          <RecordLines title="The record before" record={before} other={after} />
          <RecordLines title="The record after" record={after} other={before} />
        </div>
      )}
    </div>
  )
}

function isSame(before: RawRecord | undefined, after: RawRecord | undefined): boolean {
  return before?.bytes === after?.bytes && before?.lines.join() === after?.lines.join()
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
