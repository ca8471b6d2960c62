import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { compare, decodeAll } from './cluster-compare.ts'
import { type Cluster, startCluster } from './cluster-host.ts'
import { Judge } from './cluster-judge.ts'
import { run } from './cluster-load.ts'
import { Random } from './cluster-random.ts'
import { requests, rotateEvery, seed } from './cluster-settings.ts'

/* `kill -9` of one of four processes, again and again, under the load of cluster-mixed. CLUSTER_REQUESTS and CLUSTER_SEED as there. */

const kills = requests < 20_000 ? 8 : 50
/** Between two kills, about: enough for the new worker to be at work. */
const answersPerKill = 150

/** Kills one in the middle of what it does, now and then, and looks at every record each time. */
function killer(cluster: Cluster, judge: Judge): () => void {
  const random = new Random(seed)
  let answers = 0
  let due = answersPerKill
  return () => {
    answers += 1
    if (answers < due || judge.kills.length === kills || cluster.listening.length < 4) return
    due = answers + answersPerKill / 2 + random.below(answersPerKill)
    const victim = cluster.listening[random.below(4)]!
    setTimeout(() => {
      cluster.kill(victim)
      judge.kills.push(Date.now())
      try {
        decodeAll(cluster)
      } catch (error) {
        judge.fail(`torn: ${error}`)
      }
    }, random.below(10))
  }
}

/** What is left of changes, locks and queues once every session has expired. */
async function leftovers({ store, address }: Cluster): Promise<string[]> {
  const now = Date.now() + 1e9
  await store.deleteExpired!({ now, batch: 1e6, signal: new AbortController().signal })
  const names = readdirSync(address.at, { recursive: true }).map(String)
  return names.filter((name) => /\.(next|lock|queue)|^tmp.|^records.*sess_/.test(name))
}

/** Asks for what needs no session until it is told to stop; resolves to the milliseconds of the slowest answer. */
function pulse(cluster: Cluster): () => Promise<number> {
  const visitor = cluster.visitor()
  let slowest = 0
  let isOver = false
  const beating = (async () => {
    while (!isOver) {
      const startedAt = performance.now()
      // Its worker may be the one that is killed.
      await visitor.get('/untouched').catch(() => {})
      slowest = Math.max(slowest, performance.now() - startedAt)
      await sleep(20)
    }
    return slowest
  })()
  return () => {
    isOver = true
    return beating
  }
}

async function killing(t: TestContext): Promise<void> {
  const cluster = await startCluster({ rotateEvery, connections: 'taken' })
  t.after(() => cluster.stop())
  const judge = new Judge({ cookieName: `sid-${cluster.port}`, rotateEvery })
  const afterAnswer = killer(cluster, judge)
  const stopPulse = pulse(cluster)
  const walkers = await run({ cluster, judge, seed, requests: kills * answersPerKill * 1.3, afterAnswer })
  // Whatever lock or slot a dead process had is one that this request needs.
  await Promise.all(walkers.map((walker) => walker.ask('POST', '/n', { kind: 'change', label: 'n', by: 'exclusive' })))
  await compare(cluster, judge)
  const slowest = Math.max(...walkers.map((walker) => walker.slowest))
  // On a machine that has too much to do, everything is slow. A lock or slot of the dead would hold up those who need it alone.
  const machine = await stopPulse()
  t.diagnostic(
    `seed ${seed}: ${judge.kills.length} kills, the slowest answer took ${slowest.toFixed(0)} ms, ${machine.toFixed(0)} ms without a session`,
  )
  t.diagnostic(JSON.stringify(Object.fromEntries([...judge.ledger.outcomes].sort())))
  const again = `CLUSTER_SEED=${seed} gives this order again`
  assert.deepEqual(judge.violations, [], again)
  assert.ok(slowest < 2_000 + machine, `${slowest} ms, and ${machine} ms without a session: ${again}`)
  assert.ok(judge.kills.length >= kills / 2, `only ${judge.kills.length} kills`)
  assert.deepEqual(await leftovers(cluster), [])
}

it(
  'a worker that is killed leaves whole records, every acknowledged write, no revived session, and holds up nobody',
  killing,
)
