import type { RawRecord } from './raw-record.ts'

/** How a browser's record went from request to request, as far back as its last change. */
export interface RecordHistory {
  /** As it was after the last request; undefined for no record. */
  last?: RawRecord | undefined
  change?: RecordChange
  /** How many requests have left it as it was. */
  requestsSince: number
}

/** What one request made of a record. */
export interface RecordChange {
  /** Such as `POST /login`. Undefined: none of the requests that are known. */
  by?: string
  /** Milliseconds since 1970. */
  at: number
  fields: FieldChange[]
}

/** A field of the record, or a key of its data. Without `after` it is gone. */
export interface FieldChange {
  name: string
  before?: string
  after?: string
}

/** After a request. `knewBefore` is false where the record may have been there before, unseen. */
export function noteRecord(
  history: RecordHistory,
  raw: RawRecord | undefined,
  { by, at, knewBefore }: { by: string; at: number; knewBefore: boolean },
): void {
  const fields = knewBefore ? compareRecords(history.last, raw) : []
  history.last = raw
  if (fields.length === 0) history.requestsSince += 1
  else {
    history.change = { by, at, fields }
    history.requestsSince = 0
  }
}

/** The last change up to what is stored now, which another browser, or the application by itself, may have changed since. */
export function lastChange(history: RecordHistory, now: RawRecord | undefined, at: number): RecordChange | undefined {
  const fields = compareRecords(history.last, now)
  return fields.length > 0 ? { at, fields } : history.change
}

/** Of a record that was deleted, nothing is told but the names: who uses the browser next may be somebody else. */
export function compareRecords(before: RawRecord | undefined, after: RawRecord | undefined): FieldChange[] {
  const [old, young] = [fieldsOf(before), fieldsOf(after)]
  const isSameRecord = old.get('id') === young.get('id')
  const names = [...new Set([...old.keys(), ...young.keys()])]
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), young.get(name)]
    if (was === is) return []
    return [{ name, ...(was !== undefined && isSameRecord && { before: was }), ...(is !== undefined && { after: is }) }]
  })
}

function fieldsOf(raw: RawRecord | undefined): Map<string, string> {
  const [store = '', protocol = '', ...data] = raw?.lines ?? []
  const fields = new Map([...jsonFields(store), ...jsonFields(protocol)])
  for (const line of data) {
    const end = line.startsWith('"') ? line.indexOf('":') + 1 : line.indexOf(':')
    if (end > 0) fields.set(`data.${line.slice(0, end)}`, line.slice(end + 1))
  }
  return fields
}

function jsonFields(line: string): [string, string][] {
  try {
    return Object.entries(JSON.parse(line) as object).map(([name, value]) => [name, JSON.stringify(value)])
  } catch {
    return []
  }
}
