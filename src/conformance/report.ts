import type { Report, Result } from './run.ts'

const widths = { id: 25, verdict: 14 } as const

/** One line of the table: verdict, id, source, and what was seen. */
export function rowOf({ id, source, verdict, seen }: Result): string {
  return `${verdict.padEnd(widths.verdict)} ${id.padEnd(widths.id)} ${seen}\n${' '.repeat(widths.verdict + 1)}${source}`
}

/** The last lines, when every row is printed. */
export function summaryOf({ name, totals, results }: Report): string {
  const seconds = results.reduce((sum, { duration }) => sum + duration, 0) / 1000
  const failed = results.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)
  return [
    '',
    `${name}: ${totals.pass} pass, ${totals.fail} fail, ${totals['not applicable']} not applicable (${seconds.toFixed(1)} s)`,
    ...(failed.length > 0 ? [`failed: ${failed.join(', ')}`] : []),
  ].join('\n')
}
