import type { Sender } from '../../lab/attack.ts'
import type { Evidence, Run } from '../../lab/run.ts'
import type { LoggedRequest } from '../../request-log.ts'
import { RequestList } from '../requests.tsx'

const senders: Record<Sender, string> = {
  you: 'Your browser',
  'evil page': 'Your browser, at the evil page’s bidding',
  attacker: 'The attacker, played by the server',
  thief: 'The thief, played by the server',
  browser: 'Your browser, played by the server',
  'tab 1': 'Tab 1, played by the server',
  'tab 2': 'Tab 2, played by the server',
  'someone else': 'Another client: a second browser, or curl',
}

/** The requests of a run, as the cloakroom got them. */
export function EvidenceList({ run, now }: { run: Run; now: number }) {
  return (
    <details class="lab-part" open>
      <summary>
        <h3>What the server really got, in order</h3>
      </summary>
      {inTurns(run.evidence).map(({ sender, requests }) => (
        <div class="turn">
          <h4>
            {senders[sender]}
            {whileOthers(run, requests)}
          </h4>
          <RequestList requests={requests.map((each) => ofRun(run, each))} now={now} />
        </div>
      ))}
    </details>
  )
}

/** Neighbours of one sender together. */
function inTurns(evidence: readonly Evidence[]) {
  const turns: { sender: Sender; requests: Evidence[] }[] = []
  for (const each of evidence) {
    const last = turns.at(-1)
    if (last?.sender === each.sender) last.requests.push(each)
    else turns.push({ sender: each.sender, requests: [each] })
  }
  return turns
}

/** Where requests overlap, their order is not that of the rows alone. */
function whileOthers({ evidence }: Run, requests: readonly Evidence[]) {
  const endOf = ({ arrivedAt, request }: Evidence) => arrivedAt + (request.answer?.milliseconds ?? 0)
  const overlapping = (one: Evidence) => (other: Evidence) =>
    other !== one && other.arrivedAt < endOf(one) && one.arrivedAt < endOf(other)
  const [only] = requests
  if (!only || requests.length > 1 || !evidence.some(overlapping(only))) return null
  const start = Math.min(only.arrivedAt, ...evidence.filter(overlapping(only)).map(({ arrivedAt }) => arrivedAt))
  const at = (time: number) => `${(time - start).toFixed(1)} ms`
  return <span class="quiet">{`: came at ${at(only.arrivedAt)}, was answered at ${at(endOf(only))}`}</span>
}

/** Without the cookies that have nothing to do with the run. */
function ofRun({ rooms }: Run, { request, cookieBytes }: Evidence): LoggedRequest {
  const isOurs = (pair: string) => rooms.some(({ cookieName }) => pair.startsWith(`${cookieName}=`))
  const { answer } = request
  return {
    ...request,
    cookies: request.cookies.filter(isOurs),
    cookieBytes,
    ...(answer && { answer: { ...answer, setCookies: answer.setCookies.filter(isOurs) } }),
  }
}
