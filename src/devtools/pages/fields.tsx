import type { Markup } from './markup.ts'
/** A line of JSON that may break between its fields. What none of the others has is marked. */
export function Fields({ line, others }: { line: string; others?: readonly string[] | undefined }): Markup {
  const known = others && new Set(others.flatMap(fieldsOf))
  return (
    <code class="fields">
      {fieldsOf(line).map((field) => (
        <>
          {known && !known.has(field) ? <mark>{field}</mark> : field}
          <wbr />
        </>
      ))}
    </code>
  )
}

/** Behind each comma that stands before a name, and behind the opening brace. */
function fieldsOf(line: string): string[] {
  return line.split(/(?<=[,{])(?=")|(?=\}$)/).map((field) => field.replace(/,$/, ', '))
}
