import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { engines } from '../outages/engines.ts'
import { nodeSqlite } from '../servers/sqlite.ts'
import { compare } from './cluster-compare.ts'
import { type ClusterSetup, startCluster } from './cluster-host.ts'
import { Judge } from './cluster-judge.ts'
import { run } from './cluster-load.ts'
import { requests, rotateEvery, seed } from './cluster-settings.ts'

/* Everything at once, by 50 visitors, on four processes; each answer, and what is stored in the end, against a sequential model. */

async function mixed(t: TestContext, count: number, setup: ClusterSetup = {}): Promise<Judge> {
  const cluster = await startCluster({ ...setup, rotateEvery })
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

async function assertAsOne(t: TestContext, setup: ClusterSetup = {}): Promise<void> {
  const judge = await mixed(t, requests, setup)
  assert.deepEqual(judge.violations, [], `CLUSTER_SEED=${seed} gives this order again`)
}

describe('four processes answer and store what one would have, one request after the other', () => {
  it('on files', (t) => assertAsOne(t))

  it('on SQLite', { skip: nodeSqlite().skip ?? false }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-mixed-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    await assertAsOne(t, { address: { kind: 'sqlite', at: join(directory, 'sessions.db') } })
  })

  for (const [name, { need, start }] of Object.entries(engines)) {
    it(`on ${name}`, { skip: need().skip ?? false }, async (t) => {
      const engine = await start()
      t.after(() => engine.stop())
      await assertAsOne(t, { address: engine.address() })
    })
  }
})

it('shows lost changes and revived sessions where a write overwrites', async (t) => {
  const { violations } = await mixed(t, 1_000, { fault: 'overwrites' })
  assert.deepEqual(
    [
      violations.some((text) => /lost (n|visits|key|item)/.test(text)),
      violations.some((text) => /alive after its end|that has ended/.test(text)),
    ],
    [true, true],
    violations.join('\n'),
  )
})
