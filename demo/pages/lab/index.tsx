import type { Attack, Verdict } from '../../lab/attack.ts'
import { type Frame, Layout } from '../layout.tsx'

interface Row {
  attack: Attack
  off: Verdict | undefined
  on: Verdict | undefined
}

export function LabIndex({ frame, rows }: { frame: Frame; rows: readonly Row[] }) {
  return (
    <Layout {...frame} title="Attack lab" style="lab.css">
      <div class="head">
        <h1>Attack lab</h1>
        <p class="lede">Seven attacks on sessions. Predict, run each without a defence, then with it.</p>
        <p>
          They are real: real requests, on sessions that are weak on purpose, then on coatcheck’s. The sessions are
          throwaway: cookies of their own, no rights anywhere, gone in fifteen minutes. That is why only here a ticket
          is shown whole. Your login is not touched.
        </p>
      </div>
      {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the list role of a list without markers */}
      <ol class="attacks" role="list">
        {rows.map(({ attack, off, on }, index) => (
          <li class="card">
            <p class="eyebrow">{`${index + 1} of ${rows.length}`}</p>
            <h2>
              <a href={`/lab/${attack.name}`}>{attack.title}</a>
            </h2>
            <p>{attack.happens}</p>
            <dl class="outcomes">
              <div>
                <dt>Without the defence</dt>
                <dd>{outcome(off)}</dd>
              </div>
              <div>
                <dt>With it</dt>
                <dd>{outcome(on)}</dd>
              </div>
            </dl>
          </li>
        ))}
      </ol>
    </Layout>
  )
}

function outcome(verdict: Verdict | undefined) {
  if (!verdict) return <span class="quiet">not run yet</span>
  return verdict.succeeded ? <b class="no">it succeeded</b> : <b class="yes">it failed</b>
}
