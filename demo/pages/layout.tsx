import type { Child } from 'hono/jsx'
import { ownPage, type Theme } from '../theme.ts'

/** What every page needs to know about the request it answers. */
export interface Frame {
  path: string
  theme: Theme
  /** The address of a file of `assets/`, with a version that changes with its contents. */
  asset: (name: string) => string
}

interface LayoutProps extends Frame {
  /** Of the page alone; the demo's own name is added. */
  title?: string
  script?: string
  children?: Child
}

const places = [
  ['/', 'How it works'],
  ['/login', 'Log in'],
  ['/dashboard', 'Dashboard'],
  ['/functions', 'Functions'],
  ['/requests', 'Requests'],
] as const

export function Layout({ title, path, theme, asset, script, children }: LayoutProps) {
  return (
    <html lang="en" data-theme={theme === 'auto' ? undefined : theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === 'auto' ? 'light dark' : theme} />
        <title>{title ? `${title} · Server Sessions Demo` : 'Server Sessions Demo'}</title>
        <link rel="icon" type="image/svg+xml" href={asset('tag.svg')} />
        <link rel="stylesheet" href={asset('style.css')} />
        <script src={asset('app.js')} defer />
        {script && <script src={asset(script)} defer />}
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="bar">
          <div class="bar-inner">
            <a class="brand" href="/">
              <img src={asset('tag.svg')} alt="" width="32" height="32" />
              <span>
                Server Sessions <span class="brand-second">Demo</span>
              </span>
            </a>
            <nav aria-label="Main">
              <ul>
                {places.map(([href, name]) => (
                  <li>
                    <a href={href} aria-current={href === path ? 'page' : undefined}>
                      {name}
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
          </div>
        </header>
        <main id="main" tabindex={-1}>
          {children}
        </main>
        <footer class="foot">
          <div class="foot-inner">
            <p>
              Built with <b>coatcheck</b>. Nothing on these pages is simulated: a value that can't be real is labelled
              “example”.
            </p>
            <ThemeSwitch theme={theme} path={path} />
          </div>
        </footer>
      </body>
    </html>
  )
}

/** A plain cookie at its best: no secret, no harm when the visitor edits it, nothing for the server to remember. */
function ThemeSwitch({ theme, path }: Pick<Frame, 'theme' | 'path'>) {
  return (
    <form class="themes" method="post" action="/theme">
      <input type="hidden" name="back" value={ownPage(path)} />
      <fieldset>
        <legend>
          Colours <span class="quiet">(kept in a plain cookie)</span>
        </legend>
        <span class="choices">
          {(['auto', 'light', 'dark'] as const).map((choice) => (
            <button type="submit" name="theme" value={choice} aria-pressed={choice === theme ? 'true' : 'false'}>
              {choice}
            </button>
          ))}
        </span>
      </fieldset>
    </form>
  )
}

/** Previous and next, as in every lesson of this series. */
export function LessonLinks({
  previous,
  next,
}: {
  previous?: readonly [string, string]
  next?: readonly [string, string]
}) {
  return (
    <nav class="lessons" aria-label="Lessons">
      {previous && (
        <a href={previous[0]} rel="prev">
          Previous: {previous[1]}
        </a>
      )}
      {next && (
        <a href={next[0]} rel="next">
          Next: {next[1]}
        </a>
      )}
    </nav>
  )
}
