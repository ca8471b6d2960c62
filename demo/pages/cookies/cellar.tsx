import { type Frame, Layout } from '../layout.tsx'

interface CellarProps {
  frame: Frame
  /** Names of trials that came with this request. */
  came: readonly string[]
  host: string
  otherSite: string | undefined
}

/** A page below the lesson's path, and a page of another site where it is visited by the other name. */
export function Cellar({ frame, came, host, otherSite }: CellarProps) {
  return (
    <Layout {...frame} title="The cellar" style="lessons.css">
      <div class="head">
        <h1>The cellar</h1>
        <p class="lede">
          You are at <code>{host.slice(0, 80)}/cookies/cellar</code>.
        </p>
      </div>
      <dl class="facts section-gap">
        <div>
          <dt>Of the trial cookies came</dt>
          <dd>{came.length === 0 ? 'none' : came.map((name) => <code class="line">{name}</code>)}</dd>
        </div>
      </dl>
      <p class="section-gap">
        {came.length === 0
          ? 'Cookies belong to the host that set them. This name of the server has set none, or you have not set any yet.'
          : came.includes('try-path')
            ? 'try-path came along, as this page lies under its path; with the page above it stays behind.'
            : 'try-path did not come along: it has not been set.'}
      </p>
      <p class="actions section-gap">
        <a class="button second" href="/cookies#attributes">
          Back up, on this site
        </a>
        {otherSite && (
          <a class="button second" href={`${otherSite}/cookies#attributes`}>
            By a link to {new URL(otherSite).hostname}
          </a>
        )}
      </p>
    </Layout>
  )
}
