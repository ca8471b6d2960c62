import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../http/serving.ts'
import { watch } from '../http/watching.ts'
import { type Engine, engines } from './engines.ts'
import { Ledger, noMistakes } from './ledger.ts'
import { lockWait, openShop, storeTimeout } from './shop.ts'
import { startStallingProxy } from './stalling-proxy.ts'

/** Milliseconds: each kind of call once, at worst, and what a busy machine may add. */
const longest = 3 * storeTimeout + lockWait + 1_500

interface Outage {
  /** Begins it. */
  readonly begin: () => Promise<void> | void
  readonly end: () => Promise<void> | void
  /** Whether it takes so long that nobody should go on asking. */
  readonly isLong: boolean
  /** Where the store is reached. */
  readonly port?: number
}

/** A few visitors at work while the store fails and comes back. */
async function survive(t: TestContext, engine: Engine, { begin, end, isLong, port }: Outage): Promise<void> {
  const events = watch(t)
  const rejections: unknown[] = []
  const onRejection = (error: unknown): void => void rejections.push(error)
  process.on('unhandledRejection', onRejection)
  t.after(() => process.off('unhandledRejection', onRejection))
  const shop = await openShop(t, engine.address(port))
  const ledgers = Array.from({ length: 8 }, () => new Ledger(shop.visitor))
  let isOver = false
  const running = Promise.all(ledgers.map((ledger) => ledger.run(() => isOver)))
  const states = (): string[] => events.of('availability').map(({ state }) => state)
  await sleep(300)
  await begin()
  await sleep(isLong ? 2_000 : 300)
  const first = states()[0]
  await end()
  const probe = shop.visitor()
  // The pause between two probes of a store that was away for two seconds is two seconds at most.
  await eventually(async () => (await probe.post('/login')).status === 303, 8_000).finally(() => (isOver = true))
  await running
  for (const ledger of ledgers) await ledger.judge()
  const slowest = Math.max(...ledgers.map((ledger) => ledger.slowest))
  const total = new Map<number, number>()
  for (const { statuses } of ledgers)
    for (const [status, count] of statuses) total.set(status, (total.get(status) ?? 0) + count)
  t.diagnostic(`${JSON.stringify(Object.fromEntries(total))}, the slowest took ${slowest.toFixed(0)} ms; ${states()}`)
  noMistakes(ledgers)
  assert.deepEqual(rejections, [])
  assert.ok(slowest < longest, `${slowest} ms`)
  // Back by a probe, or by the answer to a call that was under way.
  assert.match(states().join(' '), /^(unavailable (probing unavailable )*(probing )?available ?)*$/)
  if (isLong) assert.deepEqual([first, states().at(-1)], ['unavailable', 'available'])
}

/** What a visitor must be able to rely on, whatever happens to the store's server. */
export function outagesOf(kind: Engine['kind']): void {
  const { need, start } = engines[kind]
  const skip = need().skip ?? false
  describe(`${kind}: nothing hangs, is lost or comes back while the server`, { skip }, () => {
    let engine: Engine
    before(async () => {
      engine = await start()
    })
    after(() => engine.stop())

    it('stands still for two seconds', (t) =>
      survive(t, engine, { begin: () => engine.pause(), end: () => engine.resume(), isLong: true }))

    it('is killed, and started again after two seconds', (t) =>
      survive(t, engine, { begin: () => engine.kill(), end: () => engine.restart(), isLong: true }))

    it('is killed, and started again at once', (t) =>
      survive(t, engine, { begin: () => engine.restart(), end() {}, isLong: false }))

    it('drops every connection, three times', (t) =>
      survive(t, engine, {
        async begin() {
          for (let times = 0; times < 3; times++) {
            await engine.cutClients()
            await sleep(100)
          }
        },
        end() {},
        isLong: false,
      }))

    it('stalls in the middle of an answer for two seconds', async (t) => {
      const proxy = await startStallingProxy(engine.port)
      t.after(() => proxy.close())
      await survive(t, engine, {
        port: proxy.port,
        begin: () => proxy.stall(100),
        end: () => proxy.resume(),
        isLong: true,
      })
    })
  })
}
