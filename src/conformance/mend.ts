import { setTimeout as sleep } from 'node:timers/promises'
import type { Visitor } from './visitor.ts'

/** Until the store answers again: what protects it may wait a while before it asks. */
export async function mend(visitor: Visitor): Promise<void> {
  await visitor.ask('mendStore')
  for (let time = 0; time < 100; time++) {
    const probe = await visitor.ask('whoAmI')
    if (probe.status < 500) return
    await sleep(100)
  }
  throw new Error('the store did not come back after `mendStore`')
}
