import { type Frame, Layout, LessonLinks } from './layout.tsx'

const storages = [
  { name: 'localStorage', life: 'Stays until it is deleted, in every tab of this site.' },
  {
    name: 'sessionStorage',
    life: 'Belongs to this tab, and ends with it. Despite its name it has nothing to do with a server session.',
  },
] as const

export function ClientStorage({ frame }: { frame: Frame }) {
  return (
    <Layout {...frame} title="Client Storage" script="client-storage.js">
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
        nothing without it.
      </p>
      <div class="two">
        {storages.map(({ name, life }) => (
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
                <input
                  id={`${name}-value`}
                  name="value"
                  type="text"
                  maxlength={200}
                  value="duffle coat"
                  autocomplete="off"
                />
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
        ))}
      </div>
      <section aria-labelledby="which">
        <h2 id="which">Which of the three?</h2>
        <div class="table-wrap">
          <table class="practices">
            <thead>
              <tr>
                <th scope="col">Where</th>
                <th scope="col">Sent to the server</th>
                <th scope="col">Good for</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <td>A plain cookie</td>
                <td>All of it, with every request</td>
                <td>A choice the server must know to draw the page: colours, language</td>
              </tr>
              <tr>
                <td>A server session</td>
                <td>Only the ID</td>
                <td>Who is logged in, what they may do, what is in the cart</td>
              </tr>
              <tr>
                <td>Client storage</td>
                <td>Nothing</td>
                <td>Drafts, and what a script wants at hand on the next visit</td>
              </tr>
            </tbody>
          </table>
        </div>
      </section>
      <LessonLinks previous={['/', 'Server Sessions']} />
    </Layout>
  )
}
