import type { SessionRecord, Store } from 'coatcheck'
import type { Contents } from './subject.ts'

export async function contentsOf(store: Store): Promise<Contents> {
  const records: SessionRecord[] = []
  for await (const record of store.list!({ now: Date.now(), signal: new AbortController().signal }))
    records.push(record)
  const texts = records.map((record) =>
    JSON.stringify({ ...record, body: Buffer.from(record.body).toString('latin1') }),
  )
  return { count: records.length, text: texts.join('\n') }
}
