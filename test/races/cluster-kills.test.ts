import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { it, type TestContext } from 'node:test'
import { compare, decodeAll } from './cluster-compare.ts'
import { type Cluster, startCluster } from './cluster-host.ts'
import { Judge } from './cluster-judge.ts'
import { run } from './cluster-load.ts'
import { pulse } from './cluster-pulse.ts'
import { Random } from './cluster-random.ts'
import { requests, rotateEvery, seed } from './cluster-settings.ts'

/* `kill -9` of one of four processes, again and again, under the load of cluster-mixed. CLUSTER_REQUESTS and CLUSTER_SEED as there. */

const kills = requests < 20_000 ? 8 : 50
/** Between two kills, about. */
const answersPerKill = 150
/** Milliseconds. A kill waits until the last one's successor is at work, which takes its time on a machine that has much else to do. */
const longest = kills * 10_000

/** Kills one in the middle of what it does, now and then, and looks at every record each time. */
function killer(cluster: Cluster, judge: Judge): { afterAnswer(): void; isOver(): boolean } {
  const random = new Random(seed)
  let answers = 0
  let due = answersPerKill
  const giveUpAt = performance.now() + longest
  return {
    afterAnswer() {
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
    },
    // The last kill too is followed by the load of one.
    isOver: () => (judge.kills.length === kills && answers >= due) || performance.now() > giveUpAt,
  }
}

/** What is left of changes, locks and queues once every session has expired. */
async function leftovers({ store, address }: Cluster): Promise<string[]> {
  const now = Date.now() + 1e9
  await store.deleteExpired!({ now, batch: 1e6, signal: new AbortController().signal })
  const names = readdirSync(address.at, { recursive: true }).map(String)
  return names.filter((name) => /\.(next|lock|queue)|^tmp.|^records.*sess_/.test(name))
}

async function killing(t: TestContext): Promise<void> {
  const cluster = await startCluster({ rotateEvery, connections: 'taken' })
  t.after(() => cluster.stop())
  const judge = new Judge({ cookieName: `sid-${cluster.port}`, rotateEvery })
  const stopPulse = pulse(cluster)
  const walkers = await run({ cluster, judge, seed, requests: Number.POSITIVE_INFINITY, ...killer(cluster, judge) })
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
  assert.equal(judge.kills.length, kills, `kills within ${longest} ms`)
  assert.deepEqual(await leftovers(cluster), [])
}

it(
  'a worker that is killed leaves whole records, every acknowledged write, no revived session, and holds up nobody',
  killing,
)
