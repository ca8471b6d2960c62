import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { compare } from './cluster-compare.ts'
import type { Fault } from './cluster-faults.ts'
import { startCluster } from './cluster-host.ts'
import { Judge } from './cluster-judge.ts'
import { run } from './cluster-load.ts'
import { requests, rotateEvery, seed } from './cluster-settings.ts'

/* Everything at once, by 50 visitors, on four processes; each answer, and what is stored in the end, against a sequential model. */

async function mixed(t: TestContext, count: number, fault: Fault = 'none'): Promise<Judge> {
  const cluster = await startCluster({ fault, rotateEvery })
  t.after(() => cluster.stop())
  const judge = new Judge({ cookieName: `sid-${cluster.port}`, rotateEvery })
  const started = performance.now()
  await run({ cluster, judge, seed, requests: count })
  const seconds = (performance.now() - started) / 1000
  await compare(cluster, judge)
  t.diagnostic(
    `seed ${seed}: ${judge.ledger.sessions.size} sessions, ${judge.rotations} rotations, ${seconds.toFixed(1)} s`,
  )
  t.diagnostic(JSON.stringify(Object.fromEntries([...judge.ledger.outcomes].sort())))
  return judge
}

it('four processes answer and store what one would have, one request after the other', async (t) => {
  const judge = await mixed(t, requests)
  assert.deepEqual(judge.violations, [], `CLUSTER_SEED=${seed} gives this order again`)
})

it('shows lost changes and revived sessions where a write overwrites', async (t) => {
  const { violations } = await mixed(t, 1_000, 'overwrites')
  assert.deepEqual(
    [
      violations.some((text) => /lost (n|visits|key|item)/.test(text)),
      violations.some((text) => /alive after its end|that has ended/.test(text)),
    ],
    [true, true],
    violations.join('\n'),
  )
})
