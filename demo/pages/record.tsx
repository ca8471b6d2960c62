import type { RawRecord } from '../raw-record.ts'

/** A line of JSON that may break between its fields. What none of the others has is marked. */
export function Fields({ line, others }: { line: string; others?: readonly string[] | undefined }) {
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

/** A record's file, what changed against `other` marked. */
export function RecordLines({
  title,
  record,
  other,
}: {
  title: string
  record: RawRecord | undefined
  other?: RawRecord | undefined
}) {
  return (
    <div class="record-lines">
      <h4>
        {title}
        {record && `, ${record.bytes.toLocaleString('en')} bytes`}
      </h4>
      {record ? (
        record.lines.map((line) => (
          <p>
            <Fields line={line} others={other?.lines} />
          </p>
        ))
      ) : (
        <p class="quiet">There is no file.</p>
      )}
    </div>
  )
}

/** Behind each comma that stands before a name, and behind the opening brace. */
function fieldsOf(line: string): string[] {
  return line.split(/(?<=[,{])(?=")|(?=\}$)/).map((field) => field.replace(/,$/, ', '))
}
