import type { CookiesProps } from '../cookies.tsx'

export function Attributes({ trials, hasTried, comesFromElsewhere, otherSite }: CookiesProps) {
  const areSet = trials.some(({ hasCome }) => hasCome)
  return (
    <section id="attributes" aria-labelledby="attributes-title">
      <h2 id="attributes-title">What the attributes do</h2>
      <p>
        Behind its value a <code>Set-Cookie</code> line says when the browser shall send the cookie back, and to whom.
        Set all of these at once; the table shows what then came with the very next request.
      </p>
      <form method="post" action="/cookies">
        <button type="submit" class="button" name="do" value="try">
          Set {trials.length} cookies
        </button>
      </form>
      {hasTried && !areSet && (
        <p class="message error" role="status">
          <b>None came back.</b> Your browser keeps no cookies of this site.
        </p>
      )}
      {comesFromElsewhere && (
        <p class="message" role="status">
          <b>You came by a link of another site</b> (<code>Sec-Fetch-Site: cross-site</code>). Compare the line of{' '}
          <code>try-strict</code> with that of <code>try-lax</code>.
        </p>
      )}
      <div class="table-wrap">
        <table class="trials">
          <caption class="spoken">Cookies with different attributes, and what came back</caption>
          <thead>
            <tr>
              <th scope="col">The server sent</th>
              <th scope="col">Came back now</th>
              <th scope="col">A script sees it</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {trials.map(({ name, line, about, hasCome }) => (
              <tr>
                <th scope="row">
                  <code>{line}</code>
                </th>
                <td data-label="Came back now">
                  {areSet ? <b class={hasCome ? 'yes' : 'no'}>{hasCome ? 'Yes' : 'No'}</b> : 'not set yet'}
                </td>
                <td data-label="A script sees it" data-script-sees={areSet ? name : undefined}>
                  {areSet ? 'needs JavaScript' : 'not set yet'}
                </td>
                <td>{about}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="actions">
        <a class="button second" href="/cookies/cellar">
          Go down to the cellar
        </a>
        {otherSite && (
          <a class="button second" href={`${otherSite}/cookies/cellar`}>
            Go to another site
          </a>
        )}
      </div>
      <p class="aside">
        The cellar is a page under <code>/cookies/cellar</code>.{' '}
        {otherSite
          ? 'The other site is this same server by its other name: a browser tells sites apart by their names. Come back from there by its link.'
          : 'Opened as http://localhost, this demo also has another site to come from.'}
      </p>
    </section>
  )
}
