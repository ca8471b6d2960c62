import { yearsAsPowerOfTen } from '../../lab/attacks/guessing.ts'
import type { RunView } from './side.tsx'

/** What one attack alone has to show of a run. */
export function Extra({ view }: { view: RunView }) {
  switch (view.run.attack.name) {
    case 'theft':
      return <StolenTicket view={view} />
    case 'csrf':
      return <Variants view={view} />
    case 'guessing':
      return <Race view={view} />
    default:
      return null
  }
}

/** A throwaway session's ticket, whole, to be copied by hand. */
function StolenTicket({ view: { run } }: { view: RunView }) {
  const ticket = run.notes.get('ticket')
  if (!ticket) return null
  const address = `${run.place.origin}${run.path}/account`
  const isSecure = run.place.origin.startsWith('https:')
  return (
    <div class="card lab-part">
      <h3>The copy</h3>
      <p class="output">{ticket}</p>
      <p>In a terminal:</p>
      <p class="output">{`curl${isSecure ? ' -k' : ''} -i -b '${ticket}' ${address}`}</p>
      <p>
        Or in a private window: open <code>{address}</code>, then in the console of its developer tools
      </p>
      <p class="output">{`document.cookie = '${ticket}; path=/${isSecure ? '; secure' : ''}'`}</p>
      <p class="quiet">and reload. Whatever the server gets from there appears below, when you reload this page.</p>
    </div>
  )
}

function Variants({ view: { run, rooms } }: { view: RunView }) {
  const ofEvilPage = run.evidence.filter(({ sender }) => sender === 'evil page')
  if (ofEvilPage.length === 0) return null
  const cell = (name: string, ways: readonly string[], method: 'POST' | 'GET') => {
    const request = ofEvilPage.find((each) => each.request.method === method)?.request
    if (!request) return <span class="quiet">not tried</span>
    if (ways.includes(method)) return <b class="no">came along: coat gone</b>
    const came = request.cookies.some((pair) => pair.startsWith(`${name}=`))
    return <b class="yes">{came ? 'came along, and was refused' : 'stayed at home'}</b>
  }
  return (
    <div class="table-wrap">
      <table class="variants">
        <caption>The session’s cookie, with the evil page’s requests</caption>
        <thead>
          <tr>
            <th scope="col">Cookie</th>
            <th scope="col">The form, by POST</th>
            <th scope="col">The image, by GET</th>
          </tr>
        </thead>
        <tbody>
          {rooms.map(({ room, ways }) => (
            <tr>
              <th scope="row">{room.name || 'coatcheck: SameSite=Lax, and the guard'}</th>
              <td>{cell(room.cookieName, ways, 'POST')}</td>
              <td>{cell(room.cookieName, ways, 'GET')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Race({ view: { run } }: { view: RunView }) {
  const [tries, rate] = [Number(run.notes.get('tries')), Number(run.notes.get('rate'))]
  if (!run.verdict) return null
  const isWeak = run.side === 'off'
  return (
    <div class="race">
      <p>
        <label for={`race-${run.side}`}>
          {isWeak
            ? `${tries.toLocaleString('en')} guesses, of 65,536 possible IDs`
            : `${tries.toLocaleString('en')} guesses, of 2²⁵⁶ possible secrets`}
        </label>
      </p>
      <progress id={`race-${run.side}`} max={isWeak ? 65_536 : 2 ** 256} value={tries} />
      {!isWeak && (
        <p>
          <span class="tagged">computed</span> At {rate.toLocaleString('en')} guesses a second, the rate measured just
          now, hitting one of fifty secrets takes 10{superscript(yearsAsPowerOfTen(256, rate))} years on average, even
          for someone who knows where each record lies. The universe has existed for about 10¹⁰.
        </p>
      )}
    </div>
  )
}

function superscript(power: number): string {
  return [...String(power)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')
}
