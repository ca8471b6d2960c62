import type { Child } from 'hono/jsx'
import type { Markup } from './markup.ts'

/** One line of a conversation between a browser and a server. */
export type Step =
  | { kind: 'request' | 'response'; title: Child; details?: Child[] }
  | { kind: 'work'; title: Child; aside?: Child; tone?: 'warning' }

const spoken = { request: 'Browser to server: ', response: 'Server to browser: ', work: 'On the server: ' }

/** A sequence diagram that is an ordered list: two lifelines where there is room, one column where there isn't. */
export function Sequence({ steps, label, heads = true }: { steps: Step[]; label: string; heads?: boolean }): Markup {
  return (
    <div class="sequence">
      {heads && <SequenceHeads />}
      {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the list role of a list without markers */}
      <ol role="list" aria-label={label}>
        {steps.map((step) => (
          <li class={step.kind === 'work' && step.tone ? `${step.kind} ${step.tone}` : step.kind}>
            <span class="spoken">{spoken[step.kind]}</span>
            <span class="step-title">{step.title}</span>
            {step.kind === 'work'
              ? step.aside && <span class="step-aside">{step.aside}</span>
              : step.details?.map((detail) => <span class="step-detail">{detail}</span>)}
          </li>
        ))}
      </ol>
    </div>
  )
}

/** The names of the two lifelines. Each step says its own direction to those who can't see them. */
export function SequenceHeads(): Markup {
  return (
    <div class="sequence-heads" aria-hidden="true">
      <span class="head-browser">Browser</span>
      <span class="head-server">Server</span>
    </div>
  )
}
