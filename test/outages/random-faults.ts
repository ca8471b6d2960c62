import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../http/serving.ts'
import { compare } from '../races/cluster-compare.ts'
import { type Cluster, startCluster } from '../races/cluster-host.ts'
import { Judge } from '../races/cluster-judge.ts'
import { run } from '../races/cluster-load.ts'
import { pulse } from '../races/cluster-pulse.ts'
import { Random } from '../races/cluster-random.ts'
import { rotateEvery, seed } from '../races/cluster-settings.ts'
import { type Engine, engines } from './engines.ts'

/*
 * Everything at once, by 50 visitors on four processes, while these and the store's server fail at random; each answer, and
 * what is stored in the end, against the sequential model of test/races/cluster-*.
 *
 *   OUTAGE_SECONDS=600   so long on each store, instead of 5 seconds, or 30 where CI is set
 *   CLUSTER_SEED=1       the same faults again, though not at the same moments
 *
 * The long variant: OUTAGE_SECONDS=600 node --import tsx --test test/outages/random-faults-*.test.ts
 */
const isCI = Boolean(process.env.CI) && process.env.CI !== 'false'
const seconds = Number(process.env.OUTAGE_SECONDS ?? (isCI ? 30 : 5))
const storeTimeout = 500
/** Milliseconds: read, turn and write, one after the other, a turn given back, and what many at once add. */
const longest = 3 * storeTimeout + 5_000 + 2_000

async function fail(engine: Engine, cluster: Cluster, judge: Judge, random: Random): Promise<string> {
  const wait = (atMost: number): Promise<void> => sleep(random.below(atMost))
  const faults: readonly (readonly [number, readonly [string, () => Promise<void>]])[] = [
    [
      4,
      [
        'killed a worker',
        async () => {
          const victims = cluster.listening
          if (victims.length < 2) return
          judge.kills.push(Date.now())
          cluster.kill(victims[random.below(victims.length)]!)
        },
      ],
    ],
    [
      2,
      [
        'stopped the store',
        async () => {
          engine.pause()
          await wait(1_200).finally(() => engine.resume())
        },
      ],
    ],
    [
      1,
      [
        'killed the store',
        async () => {
          await engine.kill()
          await wait(800)
          await engine.restart()
        },
      ],
    ],
    [2, ['cut its connections', () => engine.cutClients()]],
  ]
  const [name, happen] = random.pick(faults)
  await happen()
  return name
}

async function endure(t: TestContext, engine: Engine): Promise<void> {
  const cluster = await startCluster({ address: engine.address(), storeTimeout, rotateEvery, connections: 'taken' })
  t.after(() => cluster.stop())
  const judge = new Judge({ cookieName: `sid-${cluster.port}`, rotateEvery, storeFails: true })
  const random = new Random(seed)
  const stopPulse = pulse(cluster)
  const happened = new Map<string, number>()
  let isOver = false
  const running = run({ cluster, judge, seed, requests: Number.POSITIVE_INFINITY, isOver: () => isOver })
  running.catch(() => {})
  for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
    await sleep(300 + random.below(900))
    const what = await fail(engine, cluster, judge, random)
    happened.set(what, (happened.get(what) ?? 0) + 1)
  }
  await recovered(cluster)
  isOver = true
  const walkers = await running
  await recovered(cluster)
  // Whatever lock a dead process had is one that this request needs, and may wait for.
  await Promise.all(walkers.map((walker) => walker.ask('POST', '/n', { kind: 'change', label: 'n', by: 'exclusive' })))
  await compare(cluster, judge)
  const slowest = Math.max(...walkers.map((walker) => walker.slowest))
  const machine = await stopPulse()
  const faults = JSON.stringify(Object.fromEntries(happened))
  t.diagnostic(
    `seed ${seed}: ${faults}; the slowest took ${slowest.toFixed(0)} ms, ${machine.toFixed(0)} ms without a session`,
  )
  t.diagnostic(JSON.stringify(Object.fromEntries([...judge.ledger.outcomes].sort())))
  const again = `CLUSTER_SEED=${seed} gives these faults again`
  assert.deepEqual(judge.violations, [], again)
  assert.ok(slowest < longest + machine, `${slowest} ms, and ${machine} ms without a session: ${again}`)
  assert.ok((judge.ledger.outcomes.get('200') ?? 0) > 100, 'hardly anything was stored')
}

/** Every process of the cluster has found the store again. */
async function recovered(cluster: Cluster): Promise<void> {
  for (let good = 0; good < 20; good++) {
    await eventually(async () => {
      const stranger = cluster.visitor()
      // Nobody's ticket: the store has to be asked for it.
      stranger.cookies.set(`sid-${cluster.port}`, 'A'.repeat(64))
      return (await stranger.get('/who').catch(() => ({ status: 0 }))).status === 200
    }, 15_000)
  }
}

/** A file for each engine: Node 20 gives a file of tests two minutes, whatever is in it. */
export function randomFaultsOf(kind: Engine['kind']): void {
  const { need, start } = engines[kind]
  const title = `random faults of the processes and of ${kind} lose nothing, revive nothing and hold up nobody`
  it(title, { skip: need().skip ?? false, timeout: (seconds + 80) * 1_000 }, async (t) => {
    const engine = await start()
    t.after(() => engine.stop())
    await endure(t, engine)
  })
}
