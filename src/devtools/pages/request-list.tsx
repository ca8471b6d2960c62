import { STATUS_CODES } from 'node:http'
import type { LibraryStep } from '../wire/library-steps.ts'
import type { LoggedRequest } from '../wire/logged-request.ts'
import type { Markup } from './markup.ts'
import { Sequence, SequenceHeads, type Step } from './sequence.tsx'
import { ago, Clock } from './times.tsx'

/** One sequence diagram through all the requests: two lifelines, and a time at each. */
export function RequestList({ requests, now }: { requests: readonly LoggedRequest[]; now: number }): Markup {
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

/** How many bytes of cookie all of them brought. */
export function CookieTotal({ requests }: { requests: readonly LoggedRequest[] }): Markup {
  const bytes = requests.reduce((sum, { cookieBytes }) => sum + cookieBytes, 0)
  const withCookie = requests.filter(({ cookieBytes }) => cookieBytes > 0).length
  return (
    <p class="totals">
      <b>{requests.length}</b> {requests.length === 1 ? 'request' : 'requests'}, <b>{withCookie}</b> with a cookie,{' '}
      <b>{bytes.toLocaleString('en')}</b> bytes of cookie in all
    </p>
  )
}

function stepsOf({ method, path, cookies, cookieBytes, steps, answer }: LoggedRequest): Step[] {
  const work = together(steps).map(
    ({ text, times, duration, isWarning }): Step => ({
      kind: 'work',
      title: times > 1 ? `${text}, ${times} times` : text,
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
          title: `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim(),
          details: [
            ...(answer.location ? [`Location: ${answer.location}`] : []),
            ...answer.setCookies.map((cookie) => `Set-Cookie: ${cookie}`),
          ],
        }
      : { kind: 'response', title: 'The answer is being made right now' },
  ]
}

/** A list of twenty sessions is read in twenty steps, and is one thing that was done. */
function together(steps: readonly LibraryStep[]): (LibraryStep & { times: number })[] {
  const counted: (LibraryStep & { times: number })[] = []
  for (const step of steps) {
    const last = counted.at(-1)
    if (last?.text !== step.text) counted.push({ ...step, times: 1 })
    else {
      last.times += 1
      if (step.duration !== undefined) last.duration = (last.duration ?? 0) + step.duration
    }
  }
  return counted
}

function milliseconds(duration: number): string {
  return duration < 10 ? `${duration.toFixed(2)} ms` : `${Math.round(duration)} ms`
}
