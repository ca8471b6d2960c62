import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Lines of a file of this repository, by what the first and the last of them contain; a closing bracket is that of the first line. */
export interface LineReference {
  /** What these lines do, in a few words. */
  does: string
  path: string
  first: string
  last: string
}

export interface Excerpt {
  does: string
  /** Such as `src/core/commit.ts:61-69`. */
  place: string
  text: string
}

/** The lines as they are in this very copy, found when the demo starts. Undefined where they have moved away. */
export function excerptOf({ does, path, first, last }: LineReference): Excerpt | undefined {
  const lines = linesOf(path)
  const from = lines.findIndex((line) => line.includes(first))
  const isLast = last.startsWith('}')
    ? (line: string) => line === indentOf(lines[from] ?? '') + last
    : (line: string) => line.includes(last)
  const to = from === -1 ? -1 : lines.findIndex((line, index) => index >= from && isLast(line))
  if (to === -1) return undefined
  const excerpt = lines.slice(from, to + 1)
  const indent = Math.min(...excerpt.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return {
    does,
    place: `${path}:${from + 1}${to > from ? `-${to + 1}` : ''}`,
    text: excerpt.map((line) => line.slice(indent)).join('\n'),
  }
}

function indentOf(line: string): string {
  return line.slice(0, Math.max(0, line.search(/\S/)))
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8').split('\n')
  } catch {
    return []
  }
}
