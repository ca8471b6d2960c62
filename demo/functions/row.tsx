import type { Child } from 'hono/jsx'
import { Code } from '../pages/code.tsx'
import type { SeedFunction } from '../seed-functions.ts'
import type { FunctionRun } from '../seed-lab.ts'
import { inPhpWords } from './in-php-words.ts'
import { Outcome } from './outcome.tsx'
import type { SessionFunction } from './session-function.ts'

/** What has happened to a row so far. */
export interface RowState {
  run: FunctionRun | undefined
  /** It is the one that ran last. */
  isNewest: boolean
  /** A key or value that was refused, and why. */
  problem: string | undefined
}

/** One of the original page's calls. */
export function SeedRow({ of, ...state }: { of: SeedFunction } & RowState) {
  return (
    <Row {...of} {...state} short={of.short} form={<RunForm {...of} problem={state.problem} />}>
      <div class="pair">
        <Code name="PHP" text={of.php} />
        <Code name="TypeScript" text={of.typescript} />
      </div>
      <p>{of.note}</p>
    </Row>
  )
}

/** One of the manual's functions. Without an equivalent there is something to press only where PHP can be run. */
export function ListedRow({ of, hasPhp, ...state }: { of: SessionFunction; hasPhp: boolean } & RowState) {
  const { name, title, php, native, typescript, note, run } = of
  const short = { php: `${name}()`, typescript: native }
  const form = run || hasPhp ? <RunForm name={name} button={run ? 'Run' : 'Run PHP'} spoken={name} /> : null
  return (
    <Row name={name} title={title} {...state} short={short} form={form}>
      {typescript === undefined ? (
        <Code name="PHP" text={php} />
      ) : (
        <div class="pair">
          <Code name="PHP" text={php} />
          <Code name="TypeScript" text={typescript} />
        </div>
      )}
      <p>{note}</p>
      <Code name="TypeScript in PHP’s words, for sessions shared with PHP" text={inPhpWords(name)} />
    </Row>
  )
}

interface RowProps extends RowState {
  name: string
  title: string
  short: { php: string; typescript: string | undefined }
  form: Child
  children?: Child
}

function Row({ name, title, short, run, isNewest, problem, form, children }: RowProps) {
  return (
    <section class="function" id={name}>
      <details open={isNewest || problem !== undefined}>
        <summary>
          <h3>{title}</h3>
          <span class="side">
            <span class="side-name">PHP</span> <code>{short.php}</code>
          </span>
          <span class="side">
            <span class="side-name">TypeScript</span>{' '}
            {short.typescript === undefined ? (
              <span class="quiet">no equivalent</span>
            ) : (
              <code>{short.typescript}</code>
            )}
          </span>
        </summary>
        <div class="function-code">{children}</div>
      </details>
      {form}
      <Outcome run={run} />
    </section>
  )
}

type RunFormProps = Pick<SeedFunction, 'name' | 'button' | 'asks' | 'firstKey' | 'firstValue'> & {
  /** What a button named like twenty others says besides to those who don't see where it stands. */
  spoken?: string
  problem?: string | undefined
}

export function RunForm({ name, button, spoken, asks, firstKey, firstValue, problem }: RunFormProps) {
  const problemId = problem && `${name}-problem`
  return (
    <form
      class={asks ? 'inline-form' : spoken ? 'inline-form bare short' : 'inline-form bare'}
      method="post"
      action={`/functions/${name}`}
    >
      {asks && (
        <div class="field">
          <label for={`${name}-key`}>Key</label>
          <input
            id={`${name}-key`}
            name="key"
            type="text"
            value={firstKey}
            maxlength={32}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            required
            aria-invalid={problem ? 'true' : undefined}
            aria-describedby={problemId}
          />
        </div>
      )}
      {asks === 'key and value' && (
        <div class="field">
          <label for={`${name}-value`}>Value</label>
          <input id={`${name}-value`} name="value" type="text" value={firstValue} maxlength={200} autocomplete="off" />
        </div>
      )}
      <button class="button second small" type="submit">
        {button}
        {spoken && <span class="spoken"> {spoken}</span>}
      </button>
      {problem && (
        <p class="message error" role="alert" id={problemId}>
          {problem}
        </p>
      )}
    </form>
  )
}
