import type { Engine } from './engine.ts'
import { unpack } from './opening.ts'
import type { Stored } from './state.ts'

/** A user's live sessions. The index may lag behind: a record is shown, or ended, only if it is this user's (rule I3). */
export async function* recordsOf(engine: Engine, userId: string): AsyncIterable<Stored> {
  for await (const record of engine.calls.listUser(userId)) {
    const stored = record.userId === userId ? unpack(engine, record) : undefined
    if (stored) yield stored
  }
}
