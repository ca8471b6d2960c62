import { inspect } from 'node:util'
import type { Session } from 'coatcheck'
import { type RawRecord, readRawRecord, type StoredIn } from './raw-record.ts'
import type { LoggedRequest } from './request-log.ts'
import type { LabData } from './seed-functions.ts'

/** What one call did, kept for the page that shows it. */
export interface FunctionRun {
  name: string
  /** In TypeScript's notation; undefined when the call returned nothing. */
  returned: string | undefined
  before: RawRecord | undefined
  after: RawRecord | undefined
  /** Set-Cookie and the library's steps are in it once the response has left. */
  request: LoggedRequest
}

/** Runs one call on the session, stores what it changed, and compares the file before and after. */
export async function runOn(
  session: Session<LabData>,
  call: (session: Session<LabData>) => unknown,
  { name, stored, request }: { name: string; stored: StoredIn; request: LoggedRequest },
): Promise<FunctionRun> {
  const idBefore = session.id
  const before = idBefore && (await readRawRecord(stored, idBefore))
  const value = call(session)
  await session.save()
  const id = session.id ?? idBefore
  const after = id && (await readRawRecord(stored, id))
  return { name, returned: value === undefined ? undefined : inShort(value), before, after, request }
}

function inShort(value: unknown): string {
  return inspect(value, { maxStringLength: 120, breakLength: 80 })
}
