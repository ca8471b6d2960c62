import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { describe, it } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { memoryStore } from '../stores/memory.ts'
import type { SessionEvents } from './events.ts'
import type { Exchange } from './exchange.ts'
import { Sessions } from './sessions.ts'

describe('the turns of exclusive requests', () => {
  it('are told: who waits, who has it and for how long they waited, who has left or given up', async (t) => {
    const told: SessionEvents['turn'][] = []
    const listener = (event: unknown): void => void told.push(event as SessionEvents['turn'])
    channel('coatcheck:turn').subscribe(listener)
    t.after(() => channel('coatcheck:turn').unsubscribe(listener))

    const sessions = new Sessions<{ n?: number }>({ store: memoryStore(), lock: { wait: '400ms' } })
    let cookie = ''
    const arrive = async () => {
      const request = {}
      sessions.attach(request, exchangeWith(cookie))
      const session = await sessions.open(request, { mode: 'exclusive' })
      return { session, leave: () => sessions.commit(request) }
    }
    const first = await arrive()
    first.session.data.n = 1
    cookie = String((await first.leave())?.[0]?.[1]).split(';')[0] ?? ''
    assert.equal(told.length, 0, 'a visitor without a record has nothing to wait for')

    const holder = await arrive()
    const waiting = arrive()
    await after(5)
    assert.deepEqual(states(), ['waiting', 'holding', 'waiting'])
    holder.session.data.n = 2
    await holder.leave()
    const next = await waiting
    const [, , , left, held] = told
    assert.equal(left?.state, 'left')
    assert.ok(held?.state === 'holding' && held.waited >= 4, JSON.stringify(held))
    assert.equal(new Set(told.map(({ handle }) => handle)).size, 1)
    assert.equal(told[0]?.handle, next.session.handle)

    await assert.rejects(arrive(), { code: 'ERR_SESSION_BUSY' })
    await next.leave()
    assert.deepEqual(states().slice(5), ['waiting', 'given-up', 'left'])

    function states(): string[] {
      return told.map(({ state }) => state)
    }
  })
})

function exchangeWith(cookie: string): Exchange {
  return {
    method: 'POST',
    header: (name) => (name === 'cookie' && cookie ? cookie : undefined),
    secure: true,
    host: 'shop.example',
    isAborted: false,
    onClose: () => {},
  }
}
