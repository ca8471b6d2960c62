import type { Excerpt } from '../source-lines.ts'
import { type Guess, type Progress, stepCount } from '../tour/progress.ts'
import { type Action, type Scene, type TourStep, tourSteps } from '../tour/steps.ts'
import { Code } from './code.tsx'
import { Prose } from './lab/prose.tsx'
import { type Frame, Layout, LessonLinks } from './layout.tsx'
import { RequestList } from './requests.tsx'

export function TourOverview({ frame, progress }: { frame: Frame; progress: Progress | undefined }) {
  return (
    <Layout {...frame} title="Tour" style="tour.css">
      <div class="head">
        <p class="eyebrow">Six steps, about five minutes</p>
        <h1>The tour</h1>
        <p class="lede">Guess first, then do it, then look at what your own browser and this server said.</p>
        <p class="actions">
          <a class="button" href={`/tour/${progress?.step ?? 1}`}>
            {progress ? `Go on with step ${progress.step}` : 'Begin'}
          </a>
        </p>
        <p class="aside">
          Skip what you know, leave when you like: how far you are is kept in a plain cookie for a day.
        </p>
      </div>
      <ol class="tour-steps">
        {tourSteps.map(({ title, sentence }, index) => (
          <li class="card">
            <h2>
              <a href={`/tour/${index + 1}`}>{title}</a>
            </h2>
            <p>{sentence}</p>
            <p class="quiet">
              {progress?.guesses[index] === undefined ? 'Not guessed yet' : 'You have made your guess'}
            </p>
          </li>
        ))}
      </ol>
    </Layout>
  )
}

interface TourPageProps {
  frame: Frame
  /** From 1. */
  number: number
  guess: Guess | undefined
  scene: Scene
  excerpts: readonly Excerpt[]
  origin: string
  now: number
}

export function TourPage({ frame, number, guess, scene, excerpts, origin, now }: TourPageProps) {
  const step = tourSteps[number - 1]!
  const evidence = step.evidence(scene.requests)
  return (
    <Layout {...frame} title={`Tour: ${step.title}`} style="tour.css">
      <div class="head">
        <Steps number={number} />
        <p class="eyebrow">
          <a href="/tour">Tour</a>
          {`, step ${number} of ${stepCount}`}
        </p>
        <h1>{step.title}</h1>
        <p class="lede">{step.sentence}</p>
      </div>

      <section aria-labelledby="guess">
        <h2 id="guess">Guess</h2>
        <Question step={step} number={number} guess={guess} isShown={evidence.length > 0} />
      </section>

      <section aria-labelledby="do">
        <h2 id="do">Do it</h2>
        <Doing step={step} scene={scene} />
      </section>

      <section aria-labelledby="evidence">
        <h2 id="evidence">What really happened</h2>
        {evidence.length > 0 ? (
          <>
            <p>
              <Prose text={step.look} />
            </p>
            <RequestList requests={evidence} now={now} />
            <p class="insight">
              <strong>Why:</strong> <Prose text={step.why} />
            </p>
          </>
        ) : (
          <p class="quiet">Nothing yet. Your own requests will be drawn here once you have done it.</p>
        )}
      </section>

      <section aria-labelledby="lines">
        <h2 id="lines">The lines that did it</h2>
        {excerpts.map(({ does, place, text }) => (
          <>
            <p>{does}:</p>
            <Code name={place} text={text} />
          </>
        ))}
        <details class="elsewhere">
          <summary>The same from a terminal, in TypeScript, in PHP</summary>
          <div class="stack">
            <Code name="curl" text={step.elsewhere.curl.replaceAll('URL', origin)} />
            <Code name="TypeScript" text={step.elsewhere.typescript} />
            <Code name="PHP" text={step.elsewhere.php} />
          </div>
        </details>
      </section>

      <LessonLinks
        {...(number > 1 && { previous: [`/tour/${number - 1}`, tourSteps[number - 2]!.title] as const })}
        next={
          number < stepCount
            ? ([`/tour/${number + 1}`, tourSteps[number]!.title] as const)
            : (['/lab', 'the attack lab'] as const)
        }
      />
    </Layout>
  )
}

function Steps({ number }: { number: number }) {
  return (
    <nav aria-label="Steps of the tour">
      <ol class="tour-way">
        {tourSteps.map(({ title }, index) => (
          <li>
            <a href={`/tour/${index + 1}`} title={title} aria-current={index + 1 === number ? 'step' : undefined}>
              <span class="spoken">Step </span>
              {index + 1}
              <span class="spoken">: {title}</span>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  )
}

/** The answer is told by the evidence, not before. */
function Question({
  step: { question, guesses, right },
  number,
  guess,
  isShown,
}: {
  step: TourStep
  number: number
  guess: Guess | undefined
  isShown: boolean
}) {
  const tone = !isShown || guess === undefined ? 'message' : guess === right ? 'message good' : 'message error'
  return (
    <>
      <p class="large">
        <Prose text={question} />
      </p>
      {guess === undefined ? (
        <form class="actions" method="post" action={`/tour/${number}`}>
          {guesses.map((text, index) => (
            <button class="button second" type="submit" name="guess" value={index}>
              {text}
            </button>
          ))}
        </form>
      ) : (
        <div class={tone} role="status">
          <p>
            Your guess: <b>{guesses[guess]}</b>.{' '}
            {!isShown
              ? 'Now do it, and see.'
              : guess === right
                ? 'And so it was.'
                : `What happened: ${guesses[right]}.`}
          </p>
        </div>
      )}
    </>
  )
}

function Doing({ step: { hurdle, actions }, scene }: { step: TourStep; scene: Scene }) {
  const first = hurdle?.(scene)
  if (!first)
    return (
      <div class="actions">
        {actions.map((action) => (
          <Do action={action} />
        ))}
      </div>
    )
  return (
    <>
      <p>{first.text}</p>
      <div class="actions">
        <Do action={first.action} />
      </div>
    </>
  )
}

function Do({ action }: { action: Action }) {
  if ('goesTo' in action)
    return (
      <a class="button" href={action.goesTo}>
        {action.label}
      </a>
    )
  return (
    <form method="post" action={action.posts}>
      {Object.entries(action.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button class="button" type="submit">
        {action.label}
      </button>
    </form>
  )
}
