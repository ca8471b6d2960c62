import type { Attack, Side, Step } from '../../lab/attack.ts'
import type { Kept, Room } from '../../lab/room.ts'
import type { Run } from '../../lab/run.ts'
import { EvidenceList } from './evidence.tsx'
import { Extra } from './extras.tsx'
import { Prose } from './prose.tsx'

export interface RunView {
  run: Run
  rooms: readonly { room: Room; kept: readonly Kept[]; ways: readonly string[] }[]
}

/** A run, from its first step to its verdict and what it rests on. */
export function OneSide({
  side,
  title,
  attack,
  prediction,
  view,
  now,
}: {
  side: Side
  title: string
  attack: Attack
  prediction: 0 | 1 | undefined
  view: RunView | undefined
  now: number
}) {
  const run = view?.run
  return (
    <section id={side} aria-labelledby={`${side}-title`}>
      <h2 id={`${side}-title`}>{title}</h2>
      {prediction === undefined ? (
        <p class="quiet">
          <a href="#predict">Predict first</a>, then the run begins here.
        </p>
      ) : (
        <>
          <p>
            <Prose text={attack.setup[side]} />
          </p>
          <ol class="lab-steps">
            {attack.steps.map((step, index) => (
              <StepItem step={step} index={index} attack={attack} side={side} run={run} />
            ))}
          </ol>
        </>
      )}
      {run?.verdict && (
        <div class={run.verdict.succeeded ? 'message error' : 'message good'} role="status">
          <p>
            <b>{run.verdict.succeeded ? 'The attack succeeded.' : 'The attack failed.'}</b> {run.verdict.text}{' '}
            <a href="#lines">The lines that did it</a>
          </p>
        </div>
      )}
      {view && <Extra view={view} />}
      {view && view.rooms.length === 1 && attack.name !== 'guessing' && (
        <KeptNow kept={view.rooms[0]!.kept} side={side} />
      )}
      {run && run.evidence.length > 0 && <EvidenceList run={run} now={now} />}
      {run && (
        <form class="actions" method="post" action={`/lab/${attack.name}/${side}/start`}>
          <button class="button second small" type="submit">
            Start again
          </button>
        </form>
      )}
    </section>
  )
}

function StepItem({
  step,
  index,
  attack,
  side,
  run,
}: {
  step: Step
  index: number
  attack: Attack
  side: Side
  run: Run | undefined
}) {
  const done = run?.done ?? 0
  const state = index < done ? 'done' : index === done ? 'now' : 'later'
  return (
    <li class={state} aria-current={state === 'now' ? 'step' : undefined}>
      <p>
        <b>{step.label}</b> {state === 'done' && <span class="tagged">done</span>}
      </p>
      <p class="step-text">
        <Prose text={step.text} />
      </p>
      {state === 'now' && (
        <StepAction step={step} address={`/lab/${attack.name}/${side}/${run ? 'next' : 'start'}`} run={run} />
      )}
    </li>
  )
}

function StepAction({ step, address, run }: { step: Step; address: string; run: Run | undefined }) {
  if (step.link) {
    return (
      run && (
        <p class="actions">
          <a class="button" href={step.link(run)}>
            {step.label}
          </a>
        </p>
      )
    )
  }
  if (!step.posts && !step.play) return null
  return (
    <form method="post" action={address}>
      <button class="button" type="submit">
        {step.label}
      </button>
    </form>
  )
}

function KeptNow({ kept, side }: { kept: readonly Kept[]; side: Side }) {
  return (
    <div class="lab-part">
      <h3>What the server keeps now</h3>
      {kept.length === 0 ? (
        <p class="quiet">Nothing: no session is stored.</p>
      ) : (
        <div class="table-wrap section-gap">
          <table>
            <thead>
              <tr>
                <th scope="col">{side === 'on' ? 'Key: a hash' : 'Key: the ID itself'}</th>
                <th scope="col">Logged in</th>
                <th scope="col">Data</th>
              </tr>
            </thead>
            <tbody>
              {kept.map(({ key, user, data }) => (
                <tr>
                  <td>
                    <code>{key}</code>
                  </td>
                  <td>{user ?? 'nobody'}</td>
                  <td>
                    <code>{data || '(none)'}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}
