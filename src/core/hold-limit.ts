import { endRecord } from './end-record.ts'
import type { Engine } from './engine.ts'
import { limited } from './refusals.ts'
import type { SessionState, Stored } from './state.ts'
import type { SessionId } from './store.ts'
import { recordsOf } from './user-records.ts'

/** Before a sign-in is stored. Signing in again on a session of one's own adds none. */
export async function checkRoom(engine: Engine, { live, privilege }: SessionState): Promise<void> {
  const userId = privilege?.userId
  const { max, whenFull } = engine.sessionsPerUser ?? {}
  if (userId === undefined || whenFull !== 'refuse' || live?.record.userId === userId) return
  if ((await others(engine, userId, live?.record.id)).length >= max!) throw limited(max!)
}

/**
 * After a sign-in was stored, and before it is answered (rule C1): who comes last sees all who came before, so that no more than
 * `max` are ever answered. What a crash left is ended by the next sign-in.
 */
export async function holdLimit(engine: Engine, userId: string, own: Stored): Promise<void> {
  const { max, whenFull } = engine.sessionsPerUser ?? {}
  if (max === undefined) return
  const { id } = own.record
  try {
    const rest = await others(engine, userId, id)
    if (whenFull === 'refuse') {
      if (rest.length >= max) throw limited(max)
      return
    }
    const tooMany = [own, ...rest].sort(newestFirst).slice(max)
    for (const { record } of tooMany) if (record.id !== id) await endRecord(engine, record, 'limit')
    if (tooMany.includes(own)) throw limited(max)
  } catch (error) {
    // Nobody was given its ticket.
    await endRecord(engine, own.record, 'limit')
    throw error
  }
}

async function others(engine: Engine, userId: string, own: SessionId | undefined): Promise<Stored[]> {
  const found: Stored[] = []
  for await (const stored of recordsOf(engine, userId)) if (stored.record.id !== own) found.push(stored)
  return found
}

function newestFirst(one: Stored, other: Stored): number {
  const later = (other.body.authenticatedAt ?? 0) - (one.body.authenticatedAt ?? 0)
  return later || (one.record.id < other.record.id ? 1 : -1)
}
