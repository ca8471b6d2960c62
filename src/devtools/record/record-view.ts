import { inspect } from 'node:util'
import type { SessionId } from '../../core/store.ts'
import { masked } from '../secrets.ts'
import { type Depot, type RawRecord, readRawRecord } from './raw-record.ts'
import { lastChange, type RecordChange, type RecordHistory } from './record-history.ts'
import type { TurnState, TurnTable } from './turn-table.ts'

/** What is looked at of a session, however it was opened. */
export interface InspectedSession {
  readonly id: SessionId | undefined
  readonly handle: string | undefined
  readonly userId: string | undefined
  readonly isStandIn: boolean
  readonly createdAt: Date | undefined
  readonly lastSeenAt: Date | undefined
  readonly authenticatedAt: Date | undefined
  readonly rotatedAt: Date | undefined
  readonly expiresAt: Date | undefined
  readonly absoluteExpiresAt: Date | undefined
  readonly data: unknown
}

/** A visitor's record, for a page or as JSON. All times are milliseconds since 1970. */
export interface RecordView {
  handle: string
  userId?: string
  raw: RawRecord
  /** The data as the application sees it, in JavaScript's notation, secrets masked. */
  data: string
  /** The beginning of the name of what is stored now. */
  version?: string
  createdAt?: number
  lastSeenAt?: number
  authenticatedAt?: number
  rotatedAt?: number
  expiresAt?: number
  absoluteExpiresAt?: number
  turn: TurnState
}

/** What the panel of the store shows. */
export interface StoreView {
  now: number
  /** Undefined: nothing is stored for this visitor. */
  record?: RecordView
  /** The store could not be asked. */
  isUnknown?: true
  change?: RecordChange
  /** How many requests of this browser have left the record as it was since. */
  requestsSince: number
}

interface Sources {
  readonly depot: Depot
  readonly turns: TurnTable
  readonly history: RecordHistory
}

export async function viewRecord(session: InspectedSession, { depot, turns, history }: Sources): Promise<StoreView> {
  const { id, handle } = session
  const now = depot.clock()
  if (session.isStandIn) return { now, isUnknown: true, requestsSince: 0 }
  const raw = id && (await readRawRecord(depot, id))
  const change = lastChange(history, raw, now)
  const base = { now, ...(change && { change }), requestsSince: change?.by ? history.requestsSince : 0 }
  if (!raw || !handle) return base
  const record: RecordView = { handle, raw, data: dataOf(session, depot), turn: turns.of(handle) }
  if (session.userId !== undefined) record.userId = session.userId
  const version = /"version":"([^"]{1,8})/.exec(raw.lines[0] ?? '')?.[1]
  if (version !== undefined) record.version = version
  for (const name of [
    'createdAt',
    'lastSeenAt',
    'authenticatedAt',
    'rotatedAt',
    'expiresAt',
    'absoluteExpiresAt',
  ] as const) {
    const time = session[name]?.getTime()
    if (time !== undefined) record[name] = time
  }
  return { ...base, record }
}

function dataOf({ data }: InspectedSession, { secrets }: Depot): string {
  const text = inspect(masked(data, secrets), {
    depth: 8,
    maxArrayLength: 50,
    maxStringLength: 200,
    breakLength: 72,
    compact: 1,
    customInspect: false,
    getters: false,
  })
  return text.length > 8_192 ? `${text.slice(0, 8_192)}… (${text.length.toLocaleString('en')} characters)` : text
}
