import { styleText } from 'node:util'
import type { Cell, Column } from './scenario.ts'

const colours = { good: 'green', fair: 'yellow', bad: 'red', none: 'gray' } as const

/** Prints the columns in as many tables as the terminal's width asks for. */
export function printTable(rows: readonly string[], columns: readonly Column[]): void {
  const width = Math.max(process.stdout.columns ?? 160, 80)
  const [first, other] = [34, 17]
  const perTable = Math.max(1, Math.floor((width - first) / other))
  for (let start = 0; start < columns.length; start += perTable) {
    const part = columns.slice(start, start + perTable)
    printRow(['', ...part.map(({ subject }) => subject.title)].map(plain), first, other)
    rows.forEach((row, index) => {
      const cells = part.map(({ cells }) => cells[index] ?? plain(''))
      printRow([plain(row.replaceAll('`', '')), ...cells], first, other)
    })
    console.log()
  }
}

type Printed = Pick<Cell, 'text'> & { readonly verdict?: Cell['verdict'] }

function plain(text: string): Printed {
  return { text }
}

function printRow(cells: readonly Printed[], first: number, other: number): void {
  const widths = cells.map((_, index) => (index === 0 ? first : other))
  const wrapped = cells.map(({ text }, index) => wrap(text, widths[index]! - 2))
  const height = Math.max(...wrapped.map((lines) => lines.length))
  for (let line = 0; line < height; line++) {
    const texts = cells.map(({ verdict }, index) => {
      const text = (wrapped[index]![line] ?? '').padEnd(widths[index]!)
      return verdict && process.stdout.isTTY ? styleText(colours[verdict], text) : text
    })
    console.log(texts.join('').trimEnd())
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last ? `${last} ${word}` : word
  }
  return lines
}
