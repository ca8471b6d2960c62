import type { Cell, Column } from './scenario.ts'

/** The table as a page: without a date, so that it changes only when a cell does. */
export function markdown(
  rows: readonly string[],
  columns: readonly Column[],
  versionOf: (name: string) => string,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const table = [
    line(['', ...columns.map(({ subject }, index) => `${subject.title} [${index + 1}]`)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map((row, index) => line([row, ...columns.map(({ cells }) => shown(cells[index]!))])),
  ]
  const notes = columns.map(
    ({ subject }, index) =>
      `${index + 1}. **${subject.title}** (${subject.packages.map(versionOf).join(', ')}): ${subject.setup}.`,
  )
  return `${intro}\n${table.join('\n')}\n\n## How each was set up\n\n${notes.join('\n')}\n`
}

/** A fault in bold, so that it is found without colours. */
function shown({ text, verdict }: Cell): string {
  return verdict === 'bad' ? `**${text}**` : verdict === 'none' ? `_${text}_` : text
}

const intro = `# The comparison

The same small application on each library, each in a process of its own, asked the same questions over HTTP. Written by \`npm run compare\`;
what each row does is in [bench/README.md](../bench/README.md#the-comparison). Bold: a visitor or an operator would call it a fault.
`
