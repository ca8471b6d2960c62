import type { Attack, Side } from '../../lab/attack.ts'
import { attacks } from '../../lab/attacks.ts'
import type { Run } from '../../lab/run.ts'
import type { Excerpt } from '../../source-lines.ts'
import { Code } from '../code.tsx'
import { type Frame, Layout, LessonLinks } from '../layout.tsx'
import { Prose } from './prose.tsx'
import { OneSide, type RunView } from './side.tsx'

export interface AttackPageProps {
  frame: Frame
  attack: Attack
  prediction: 0 | 1 | undefined
  runs: { [side in Side]: RunView | undefined }
  excerpts: readonly Excerpt[]
  now: number
}

/** The one page that all attacks have: predict, run, run again, why, and the lines that did it. */
export function AttackPage({ frame, attack, prediction, runs, excerpts, now }: AttackPageProps) {
  const number = attacks.indexOf(attack)
  const linkTo = (other: Attack | undefined) => other && ([`/lab/${other.name}`, other.title] as const)
  return (
    <Layout {...frame} title={attack.title} style="lab.css">
      <div class="head">
        <p class="eyebrow">
          <a href="/lab">Attack lab</a>
          {`, ${number + 1} of ${attacks.length}`}
        </p>
        <h1>{attack.title}</h1>
        <p class="lede">{attack.happens}</p>
      </div>

      <section id="predict" aria-labelledby="predict-title">
        <h2 id="predict-title">Predict</h2>
        <Prediction attack={attack} prediction={prediction} run={runs.off?.run} />
      </section>

      <OneSide side="off" title="Run it without the defence" {...{ attack, prediction, now }} view={runs.off} />
      <OneSide side="on" title="Run it with the defence" {...{ attack, prediction, now }} view={runs.on} />

      {prediction !== undefined && <Explanation attack={attack} excerpts={excerpts} />}
      <LessonLinks
        {...withoutUndefined({ previous: linkTo(attacks[number - 1]), next: linkTo(attacks[number + 1]) })}
      />
    </Layout>
  )
}

/** It would give the answer away. */
function Explanation({ attack, excerpts }: Pick<AttackPageProps, 'attack' | 'excerpts'>) {
  return (
    <>
      <section aria-labelledby="why">
        <h2 id="why">Why</h2>
        {attack.why.map((text) => (
          <p>
            <Prose text={text} />
          </p>
        ))}
        <p class="insight">
          <strong>What it does not do:</strong> <Prose text={attack.limits} />
        </p>
      </section>

      <section aria-labelledby="lines">
        <h2 id="lines">The lines that did it</h2>
        <p>From the source that this very server runs.</p>
        {excerpts.map(({ does, place, text }) => (
          <div class="excerpt">
            <h3>{does}</h3>
            <Code name={place} text={text} />
          </div>
        ))}
      </section>
    </>
  )
}

function Prediction({
  attack,
  prediction,
  run,
}: Pick<AttackPageProps, 'attack' | 'prediction'> & { run: Run | undefined }) {
  const right = run?.verdict && (attack.right?.(run) ?? (run.verdict.succeeded ? 0 : 1))
  return (
    <>
      <p class="large">{attack.question}</p>
      {prediction === undefined ? (
        <form class="actions" method="post" action={`/lab/${attack.name}/predict`}>
          {attack.answers.map((answer, index) => (
            <button class="button second" type="submit" name="answer" value={index}>
              {answer}
            </button>
          ))}
        </form>
      ) : (
        <div class={right === undefined ? 'message' : right === prediction ? 'message good' : 'message'} role="status">
          <p>
            You predicted: <b>{attack.answers[prediction]}</b>.{' '}
            {right === undefined
              ? 'Now run it, and see.'
              : right === prediction
                ? 'That is what happened.'
                : `What happened: ${attack.answers[right]}.`}
          </p>
        </div>
      )}
    </>
  )
}

function withoutUndefined<T extends object>(object: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never
}
