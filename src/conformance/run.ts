import { Application } from './application.ts'
import { type Check, type Finding, fullScale, type Scale, type Verdict } from './check.ts'
import { checks } from './checks/index.ts'
import type { Description } from './description.ts'
import { NotApplicable } from './not-applicable.ts'

/** What one check came to. */
export interface Result extends Finding {
  readonly id: string
  readonly title: string
  readonly source: string
  /** Milliseconds. */
  readonly duration: number
}

/** What all checks came to. */
export interface Report {
  /** The server, as its description names it. */
  readonly name: string
  readonly results: readonly Result[]
  readonly totals: Readonly<Record<Verdict, number>>
}

/** What a run may be told. */
export interface RunOptions {
  /** The checks to run, by id. Default: all. */
  readonly only?: readonly string[]
  readonly scale?: Partial<Scale>
  /** Told of each result as it comes. */
  readonly onResult?: (result: Result) => void
}

/** Runs the checks one after the other. Throws a TypeError for an id that no check has. */
export async function runConformance(description: Description, options: RunOptions = {}): Promise<Report> {
  const { only, scale, onResult } = options
  const unknown = only?.filter((id) => !checks.some((check) => check.id === id)) ?? []
  if (unknown.length > 0) throw new TypeError(`no check is called ${unknown.join(', ')}`)
  const application = new Application(description)
  const results: Result[] = []
  try {
    for (const check of checks) {
      if (only && !only.includes(check.id)) continue
      const result = await runCheck(check, application, { ...fullScale, ...scale })
      results.push(result)
      onResult?.(result)
    }
  } finally {
    application.close()
  }
  return { name: description.name ?? description.baseUrl, results, totals: totalsOf(results) }
}

/** One check. Never rejects: a check that can't be finished has failed. */
export async function runCheck(check: Check, application: Application, scale: Scale = fullScale): Promise<Result> {
  const startedAt = performance.now()
  const finding = await check.run(application, scale).catch((error: unknown) => excuse(check, application, error))
  const { id, title, source } = check
  return { id, title, source, ...finding, duration: Math.round(performance.now() - startedAt) }
}

function excuse({ id }: Check, { description }: Application, error: unknown): Finding {
  if (!(error instanceof NotApplicable)) {
    const message = error instanceof Error ? error.message : String(error)
    return { verdict: 'fail', seen: `the check could not be finished: ${message}` }
  }
  const elsewhere = description.elsewhere?.[id]
  return { verdict: 'not applicable', seen: error.message + (elsewhere ? `; done by ${elsewhere}` : '') }
}

function totalsOf(results: readonly Result[]): Report['totals'] {
  const count = (verdict: Verdict): number => results.filter((result) => result.verdict === verdict).length
  return { pass: count('pass'), fail: count('fail'), 'not applicable': count('not applicable') }
}
