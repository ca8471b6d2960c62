import type { Engine } from './engine.ts'
import { publish, type SessionEvents } from './events.ts'
import type { SessionId } from './store.ts'
import { handleOf } from './ticket.ts'

/** Deletes a record, and tells whoever watches it. */
export async function endRecord(
  engine: Engine,
  { id, userId }: { readonly id: SessionId; readonly userId?: string | undefined },
  reason: SessionEvents['ended']['reason'],
): Promise<void> {
  await engine.calls.delete(id)
  tellEnd(engine, { id, userId }, reason)
}

export function tellEnd(
  engine: Engine,
  { id, userId }: { readonly id: SessionId; readonly userId?: string | undefined },
  reason: SessionEvents['ended']['reason'],
): void {
  engine.ended.notify(id)
  publish('ended', { handle: handleOf(id), userId, reason })
}
