import type { RawRecord } from '../raw-record.ts'

/** A line of JSON that may break between its fields. What `other` has not is marked. */
export function Fields({ line, other }: { line: string; other?: string | undefined }) {
  const known = other === undefined ? undefined : new Set(fieldsOf(other))
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
        record.lines.map((line, index) => (
          <p>
            <Fields line={line} other={other?.lines[index]} />
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
