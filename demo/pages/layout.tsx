import type { Child } from 'hono/jsx'
import { mainPlaces, type Place, siteMap } from '../site-map.ts'
import { ownPage, type Theme } from '../theme.ts'

/** What every page needs to know about the request it answers. */
export interface Frame {
  path: string
  theme: Theme
  /** The address of a file of `assets/`, with a version that changes with its contents. */
  asset: (name: string) => string
  /** The step of the tour that this visitor is at. */
  tour?: number | undefined
}

interface LayoutProps extends Frame {
  /** Of the page alone; the demo's own name is added. */
  title?: string
  /** Of `assets/`, beside the two that every page has. */
  style?: string
  script?: string
  children?: Child
}

export function Layout({ title, path, theme, asset, tour, style, script, children }: LayoutProps) {
  return (
    <html lang="en" data-theme={theme === 'auto' ? undefined : theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === 'auto' ? 'light dark' : theme} />
        <title>{title ? `${title} · Server Sessions Demo` : 'Server Sessions Demo'}</title>
        <link rel="icon" type="image/svg+xml" href={asset('tag.svg')} />
        <link rel="stylesheet" href={asset('style.css')} />
        <link rel="stylesheet" href={asset('panels.css')} />
        {style && <link rel="stylesheet" href={asset(style)} />}
        <script src={asset('app.js')} defer />
        <script src={asset('times.js')} defer />
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
                {mainPlaces.map((place) => (
                  <li>
                    <PlaceLink {...place} here={path} />
                  </li>
                ))}
                <li>
                  <a href="#all-pages">All pages</a>
                </li>
              </ul>
            </nav>
          </div>
        </header>
        {tour !== undefined && path !== '/tour' && <OnTour step={tour} />}
        <main id="main" tabindex={-1}>
          {children}
        </main>
        <footer class="foot">
          <nav class="all-pages" id="all-pages" aria-label="All pages" tabindex={-1}>
            {siteMap.map(({ title, places }) => (
              <div>
                <p id={idOf(title)}>
                  <b>{title}</b>
                </p>
                <ul aria-labelledby={idOf(title)}>
                  {places.map(({ about, ...place }) => (
                    <li>
                      <PlaceLink {...place} here={path} /> <span class="quiet">{about}</span>
                    </li>
                  ))}
                </ul>
              </div>
            ))}
          </nav>
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

function idOf(title: string): string {
  return `pages-${title.toLowerCase().replaceAll(' ', '-')}`
}

/** The way back, for someone whom the tour has sent here. */
function OnTour({ step }: { step: number }) {
  return (
    <aside class="on-tour" aria-label="Tour">
      <p>
        You are on the tour. <a href={`/tour/${step}`}>Back to step {step}</a>
      </p>
      <form method="post" action="/tour/end">
        <button class="button second small" type="submit">
          End the tour
        </button>
      </form>
    </aside>
  )
}

/** The page itself, and those below its address, are where one is. */
function PlaceLink({ path, name, here }: Pick<Place, 'path' | 'name'> & { here: string }) {
  const isHere = path === here || (path !== '/' && here.startsWith(`${path}/`))
  return (
    <a href={path} aria-current={isHere ? 'page' : undefined}>
      {name}
    </a>
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
