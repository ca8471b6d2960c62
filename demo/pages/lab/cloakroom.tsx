import type { Child } from 'hono/jsx'
import type { Run } from '../../lab/run.ts'
import type { Frame } from '../layout.tsx'

/** A page of the site that is attacked. It is no page of the demo: it has its own frame, and its scripts only where a run has that defence. */
export function Cloakroom({
  frame,
  run,
  title,
  script = false,
  children,
}: {
  frame: Frame
  run: Run | undefined
  title: string
  script?: boolean
  children?: Child
}) {
  const { theme, asset } = frame
  return (
    <html lang="en" data-theme={theme === 'auto' ? undefined : theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · The lab’s cloakroom`}</title>
        <link rel="icon" type="image/svg+xml" href={asset('tag.svg')} />
        <link rel="stylesheet" href={asset('style.css')} />
        <link rel="stylesheet" href={asset('lab.css')} />
        {script && <script src={asset('app.js')} defer />}
      </head>
      <body>
        <header class="bar">
          <p class="bar-inner">
            <b>The lab’s cloakroom</b>
            <span class="quiet">
              {run
                ? `${run.attack.title}, ${run.side === 'on' ? 'with the defence' : 'without the defence'}`
                : 'a site for trying attacks on'}
            </span>
          </p>
        </header>
        <main>
          <div class="head">
            <h1>{title}</h1>
            {children}
            <p>
              <a href={run ? `/lab/${run.attack.name}#${run.side}` : '/lab'}>Back to the lab: what the server saw</a>
            </p>
          </div>
        </main>
      </body>
    </html>
  )
}

export function Message({ text }: { text: string }) {
  return <p class="lede">{text}</p>
}

/** A private page. */
export function Account({
  frame,
  run,
  hooks,
  proof,
  formToken,
}: {
  frame: Frame
  run: Run
  hooks: readonly string[]
  proof: string
  formToken: string | undefined
}) {
  return (
    <Cloakroom frame={frame} run={run} title="Alice’s hook" script={run.side === 'on'}>
      <p class="lede">Private: a mink coat{hooks.length > 0 && `, ${hooks.join(', ')}`}.</p>
      <div class="actions">
        <form method="post" action={`${run.path}/logout`}>
          <button class="button" type="submit">
            Log out
          </button>
        </form>
        {run.attack.name === 'back' && (
          <form method="post" action={`${run.path}/seen`}>
            <input type="hidden" name="proof" value={proof} />
            <button class="button second" type="submit">
              I can read this
            </button>
          </form>
        )}
        {run.attack.name === 'csrf' && (
          <form method="post" action={`${run.path}/give`}>
            <input type="hidden" name="to" value="Bob" />
            {formToken && <input type="hidden" name="token" value={formToken} />}
            <button class="button second" type="submit">
              Give my coat to Bob
            </button>
          </form>
        )}
      </div>
      {run.attack.name === 'back' && (
        <p>First log out, then press Back. If you come to see this page again, press “I can read this”.</p>
      )}
    </Cloakroom>
  )
}
