import type { StoreView } from '../record/record-view.ts'
import type { LoggedRequest } from '../wire/logged-request.ts'
import { LiveBar } from './live-bar.tsx'
import type { Markup } from './markup.ts'
import { RecordPanel } from './record-panel.tsx'
import { CookieTotal, RequestList } from './request-list.tsx'

/** The two pages that an application's server gets, below its `path`. */
export type DevtoolsPage =
  | { readonly page: 'wire'; readonly requests: readonly LoggedRequest[]; readonly now: number }
  | { readonly page: 'store'; readonly view: StoreView }

const titles = { wire: 'On the wire', store: 'In the store' }

export function DevtoolsDocument(props: DevtoolsPage & { readonly path: string }): Markup {
  const { page, path } = props
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{titles[page]} · coatcheck devtools</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={`${path}/devtools.css`} />
        <script src={`${path}/devtools.js`} defer />
      </head>
      <body>
        <header>
          <nav aria-label="Devtools">
            <ul>
              {(['wire', 'store'] as const).map((each) => (
                <li>
                  <a href={`${path}/${each}`} aria-current={each === page ? 'page' : undefined}>
                    {titles[each]}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <h1>{titles[page]}</h1>
          <p>
            {page === 'wire'
              ? 'What this browser and this server said to each other, oldest first: its last requests since it opened these pages. Of a cookie’s value there are four characters, and nothing of a body, a query or another header.'
              : 'What the server keeps for this browser, read just now. Hashes are shortened, and what looks like a secret is masked.'}
          </p>
          <p class="quiet">
            For this browser alone, in development. These pages’ own requests are not among what they show.
          </p>
          <LiveBar stream={`${path}/live`} refresh={`${path}/${page}`} />
        </header>
        <main id="panel" data-live>
          {props.page === 'wire' ? <Wire {...props} /> : <RecordPanel view={props.view} level={2} />}
        </main>
      </body>
    </html>
  )
}

function Wire({ requests, now }: { requests: readonly LoggedRequest[]; now: number }) {
  if (requests.length === 0) {
    return (
      <div class="no-record">
        <p>
          <b>No request yet.</b>
        </p>
        <p>Use the application in another tab of this browser: its requests appear here.</p>
      </div>
    )
  }
  return (
    <>
      <CookieTotal requests={requests} />
      <RequestList requests={requests} now={now} />
    </>
  )
}
