import { type Frame, Layout, LessonLinks } from './layout.tsx'

const storages = [
  { name: 'localStorage', life: 'Stays until it is deleted, in every tab of this site.' },
  {
    name: 'sessionStorage',
    life: 'Belongs to this tab, and ends with it. Despite its name it has nothing to do with a server session.',
  },
] as const

export interface ClientStorageProps {
  frame: Frame
  /** What the browser sent to get this page. Undefined: a value that is not shown. */
  headers: readonly (readonly [name: string, value: string | undefined])[]
}

export function ClientStorage({ frame, headers }: ClientStorageProps) {
  return (
    <Layout {...frame} title="Client Storage" style="lessons.css" script="client-storage.js">
      <div class="head">
        <p class="eyebrow">State on the web, lesson three</p>
        <h1>Client Storage</h1>
        <p class="lede">A cupboard in the browser that the server never looks into.</p>
        <p>
          A script on the page puts text in and takes it out. It is never sent along with a request. Any script that
          runs on the page can read it, so a password, a session ID or a token does not belong here.
        </p>
      </div>
      <p class="message error" id="without-script">
        <b>JavaScript is off, or has not arrived.</b> This storage belongs to scripts alone, so the buttons below do
        nothing without it. What still holds: <a href="#server">what the server sees of it</a>, and{' '}
        <a href="#which">which storage is for what</a>.
      </p>
      <div class="two">
        {storages.map((storage) => (
          <StoragePanel {...storage} />
        ))}
      </div>
      <Lifetimes />
      <Events />
      <ServerSees headers={headers} />
      <EveryScript />
      <Quota />
      <Which />
      <LessonLinks previous={['/', 'Server Sessions']} />
    </Layout>
  )
}

function StoragePanel({ name, life }: { name: string; life: string }) {
  return (
    <section class="card" aria-labelledby={name}>
      <h2 id={name}>{name}</h2>
      <p>{life}</p>
      <form class="stack" data-storage={name}>
        <div class="field">
          <label for={`${name}-key`}>Key</label>
          <input
            id={`${name}-key`}
            name="key"
            type="text"
            required
            maxlength={60}
            value="favourite"
            autocomplete="off"
          />
        </div>
        <div class="field">
          <label for={`${name}-value`}>Value</label>
          <input id={`${name}-value`} name="value" type="text" maxlength={200} value="duffle coat" autocomplete="off" />
        </div>
        <div class="actions">
          <button type="submit" class="button small" name="do" value="set" disabled>
            Set
          </button>
          <button type="submit" class="button second small" name="do" value="read" disabled>
            Read
          </button>
          <button type="submit" class="button second small" name="do" value="delete" disabled>
            Delete
          </button>
        </div>
        <output class="output" for={`${name}-key`}>
          What it answers appears here.
        </output>
      </form>
    </section>
  )
}

const lives = [
  ['Reload this page', 'counts on', 'counts on'],
  ['Open it in a new tab', 'begins at 1', 'counts on'],
  ['Close the tab, and open the page again', 'begins at 1', 'counts on'],
  ['Open it in a private window', 'begins at 1', 'begins at 1, and is gone when the window is closed'],
  ['Close the whole browser', 'begins at 1, unless the browser brings its tabs back', 'counts on'],
] as const

function Lifetimes() {
  return (
    <section aria-labelledby="lifetimes">
      <h2 id="lifetimes">How long it lasts</h2>
      <p>Let each storage count the times that this page was opened. Then try the rows of the table.</p>
      <div class="counters">
        <p>
          <b data-counter="sessionStorage">–</b> in sessionStorage, in this tab
        </p>
        <p>
          <b data-counter="localStorage">–</b> in localStorage, in this browser
        </p>
      </div>
      <div class="actions">
        <button type="button" class="button" data-do="count" disabled>
          Start counting
        </button>
        <button type="button" class="button second" data-do="forget" disabled>
          Forget both
        </button>
        <a class="button second" href="/client-storage#lifetimes" target="_blank" rel="noopener">
          Open in a new tab
        </a>
      </div>
      <div class="table-wrap">
        <table class="practices">
          <caption class="spoken">What becomes of the two counters</caption>
          <thead>
            <tr>
              <th scope="col">Do this</th>
              <th scope="col">sessionStorage</th>
              <th scope="col">localStorage</th>
            </tr>
          </thead>
          <tbody>
            {lives.map(([act, tab, browser]) => (
              <tr>
                <td>{act}</td>
                <td>
                  <span class="narrow">sessionStorage </span>
                  {tab}
                </td>
                <td>
                  <span class="narrow">localStorage </span>
                  {browser}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Events() {
  return (
    <section aria-labelledby="events">
      <h2 id="events">Tabs tell each other</h2>
      <p>
        When one tab changes localStorage, the browser tells all other tabs of the site. Open this page in a second tab,
        set something there, and look here.
      </p>
      <ol class="output told" id="told" aria-live="polite">
        <li>Nothing was told to this tab yet.</li>
      </ol>
    </section>
  )
}

function ServerSees({ headers }: Pick<ClientStorageProps, 'headers'>) {
  return (
    <section id="server" aria-labelledby="server-title">
      <h2 id="server-title">What the server sees of it</h2>
      <p>
        Nothing. Put something in above, load the page again, and look for it: these are all the headers that came with
        your request for this page. A cookie is among them if you have one; the storage never is.
      </p>
      <dl class="facts headers">
        {headers.map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value === undefined ? <span class="quiet">not shown here</span> : <code>{value}</code>}</dd>
          </div>
        ))}
      </dl>
      <p class="actions">
        <a class="button second" href="/client-storage#server">
          Load the page again
        </a>
      </p>
    </section>
  )
}

function EveryScript() {
  return (
    <section aria-labelledby="scripts">
      <h2 id="scripts">Every script can read it</h2>
      <p>
        An advertisement, a library that was taken over, one line that got in through a comment: what runs on the page
        reads all of the storage, without a question asked. The button runs a few lines that do just that. They send it
        nowhere.
      </p>
      <div class="actions">
        <button type="button" class="button" data-do="spy" disabled>
          Read all that a script can read
        </button>
      </div>
      <div class="output" id="spied" role="status">
        What it finds appears here.
      </div>
      <p>
        That is why a session ID belongs into an <code>HttpOnly</code> cookie, which no script can read, and a token
        does not belong here. A hostile script could still act in your name while the page is open. It could not carry
        the ticket home.
      </p>
    </section>
  )
}

function Quota() {
  return (
    <section aria-labelledby="quota">
      <h2 id="quota">How much fits in</h2>
      <p>
        Most browsers stop at about five million characters for a site, and say so with an error. A cookie ends at 4,096
        bytes, and says nothing.
      </p>
      <div class="actions">
        <button type="button" class="button second" data-do="fill" disabled>
          Fill localStorage until it refuses
        </button>
      </div>
      <div class="output" id="filled" role="status">
        Its answer appears here. What was put in is taken out again.
      </div>
    </section>
  )
}

const places = [
  [
    'A plain cookie',
    'All of it, with every request',
    'Until the time it was given',
    'A choice the server must know to draw the page: colours, language',
  ],
  [
    'A server session',
    'Only the ID',
    'As long as the server says',
    'Who is logged in, what they may do, what is in the cart',
  ],
  ['localStorage', 'Nothing', 'Until it is deleted', 'What a script wants at hand on the next visit'],
  ['sessionStorage', 'Nothing', 'As long as the tab', 'A draft, or how far one is in this tab'],
] as const

function Which() {
  return (
    <section id="which" aria-labelledby="which-title">
      <h2 id="which-title">Which of them?</h2>
      <div class="table-wrap">
        <table class="practices">
          <caption class="spoken">Where to keep what</caption>
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">Sent to the server</th>
              <th scope="col">Lasts</th>
              <th scope="col">Good for</th>
            </tr>
          </thead>
          <tbody>
            {places.map(([where, sent, lasts, use]) => (
              <tr>
                <td>{where}</td>
                <td>
                  <span class="narrow">Sent: </span>
                  {sent}
                </td>
                <td>
                  <span class="narrow">Lasts: </span>
                  {lasts}
                </td>
                <td>{use}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>Passwords, session IDs and tokens go into none of the lower two, whatever their other merits.</p>
    </section>
  )
}
