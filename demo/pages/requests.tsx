import { STATUS_CODES } from 'node:http'
import type { LoggedRequest } from '../request-log.ts'
import { type Frame, Layout } from './layout.tsx'
import { Sequence, SequenceHeads, type Step } from './sequence.tsx'
import { Clock } from './times.tsx'

export function Requests({ frame, requests, now }: { frame: Frame; requests: LoggedRequest[]; now: number }) {
  return (
    <Layout {...frame} title="Your requests">
      <div class="head">
        <h1>Your requests</h1>
        <p class="lede">What your browser and this server really said to each other.</p>
        <p>
          The last 20 requests of this browser, oldest first, kept in the server's memory. They are told apart by a
          cookie of their own, <code>viewer</code>, so that they outlast logging in and out; nobody else sees them. Of a
          cookie's value only the first four characters are kept, and nothing of what a form contained.
        </p>
        <p class="actions">
          <a class="button second" href="/requests">
            Refresh
          </a>
        </p>
      </div>
      <section aria-label="Requests">
        <RequestList requests={requests} now={now} />
      </section>
    </Layout>
  )
}

/** One sequence diagram through all the requests: two lifelines, and a time at each. */
export function RequestList({ requests, now }: { requests: LoggedRequest[]; now: number }) {
  return (
    <div class="panel conversation">
      <SequenceHeads />
      {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the list role of a list without markers */}
      <ol class="requests" role="list">
        {requests.map((request) => (
          <li>
            <p class="request-time">
              <Clock at={request.at} />
              {request.answer && <>, took {milliseconds(request.answer.milliseconds)}</>}
              <span class="quiet"> · {ago(now - request.at)}</span>
            </p>
            <Sequence steps={stepsOf(request)} label={`${request.method} ${request.path}`} heads={false} />
          </li>
        ))}
      </ol>
    </div>
  )
}

function stepsOf({ method, path, cookies, cookieBytes, steps, answer }: LoggedRequest): Step[] {
  const work = steps.map(
    ({ text, duration, isWarning }): Step => ({
      kind: 'work',
      title: text,
      ...(duration !== undefined && { aside: milliseconds(duration) }),
      ...(isWarning && { tone: 'warning' }),
    }),
  )
  return [
    {
      kind: 'request',
      title: `${method} ${path}`,
      details: [cookies.length > 0 ? `Cookie: ${cookies.join('; ')} (${cookieBytes} bytes)` : 'without a cookie'],
    },
    ...(work.length > 0 ? work : [{ kind: 'work', title: 'The store was not asked' } satisfies Step]),
    answer
      ? {
          kind: 'response',
          title: `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
          details: [
            ...(answer.location ? [`Location: ${answer.location}`] : []),
            ...answer.setCookies.map((cookie) => `Set-Cookie: ${cookie}`),
          ],
        }
      : { kind: 'response', title: 'This page, which is being made right now' },
  ]
}

function ago(passed: number): string {
  const seconds = Math.max(0, Math.round(passed / 1000))
  if (seconds < 2) return 'just now'
  return seconds < 90 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`
}

function milliseconds(duration: number): string {
  return duration < 10 ? `${duration.toFixed(2)} ms` : `${Math.round(duration)} ms`
}
