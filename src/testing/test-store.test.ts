import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { memoryStore } from '../stores/memory.ts'
import { faultyStores } from './faulty-stores/faulty-stores.ts'
import { storeCases } from './store-cases/store-cases.ts'

describe('the store contract', () => {
  it('calls no two facts by one name', () => {
    const names = storeCases.map(({ name }) => name)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  it('has a faulty store for each fact', () => {
    const found = new Set(faultyStores.flatMap(({ foundBy }) => foundBy))
    const names = storeCases.map(({ name }) => name)
    assert.deepEqual(
      names.filter((name) => !found.has(name)),
      [],
    )
  })

  it('says which capability a store lacks, and asks nothing of it then', async () => {
    const { read, write, touch, delete: remove, durability } = memoryStore()
    const small = { read, write, touch, delete: remove, durability }
    const reasons = new Set(storeCases.map((storeCase) => storeCase.whyNot(small)))
    assert.deepEqual(
      [...reasons],
      [
        undefined,
        'this store does not offer list',
        'this store does not offer users',
        'this store does not offer lockAndRead',
        'this store does not offer lockAndRead and list',
        'this store does not offer deleteExpired',
        'this store does not offer deleteExpired and users',
      ],
    )
    for (const storeCase of storeCases) if (!storeCase.whyNot(small)) await storeCase.run(small)
  })
})

describe('the store contract finds a store that', { concurrency: true }, () => {
  for (const { mistake, foundBy, open } of faultyStores) {
    it(mistake, async () => {
      const find = async (name: string): Promise<void> => {
        const storeCase = storeCases.find((candidate) => candidate.name === name)
        assert.ok(storeCase, `there is no case ‘${name}’`)
        await assert.rejects(storeCase.run(open()), assert.AssertionError, `‘${name}’ does not find it`)
      }
      await Promise.all(foundBy.map(find))
    })
  }
})

describe('testStore', () => {
  it('shows a fact that does not hold as a failed test, and closes each store it opened', () => {
    const { status, output } = runTests(`
      let open = 0
      const wrong = () => ({ ...memoryStore(), read: () => undefined, close() { open-- } })
      testStore('a wrong store', () => (open++, wrong()), { close: () => console.log('open: ' + open) })
    `)
    assert.equal(status, 1, output)
    assert.match(output, /not ok \d+ - reads a record back at once, with all its fields and no others/)
    assert.match(output, /\n *ok \d+ - reads nothing for a session that was never stored\n/)
    assert.equal(output.match(/open: 0/g)?.length, storeCases.length)
    assert.doesNotMatch(output, /open: [^0]/)
  })

  it('shows what a store does not offer as skipped, with the reason', () => {
    const { status, output } = runTests(`
      testStore('a small store', () => ({ ...memoryStore(), users: undefined, lockAndRead: undefined }))
    `)
    assert.equal(status, 0, output)
    assert.match(output, /ok \d+ - serves first who came first # SKIP this store does not offer lockAndRead\n/)
    assert.match(output, /# fail 0\n/)
  })

  it('shows each fact as skipped, with the reason, where the store can’t be opened at all', () => {
    const { status, output } = runTests(`
      testStore('a remote store', () => assert.fail('opened'), { skip: 'there is no server' })
    `)
    assert.equal(status, 0, output)
    assert.equal(output.match(/# SKIP there is no server/g)?.length, storeCases.length)
  })
})

/** Runs tests in a process of their own. */
function runTests(tests: string): { status: number | null; output: string } {
  const code = `
    import assert from 'node:assert/strict'
    import { memoryStore } from ${JSON.stringify(new URL('../stores/memory.ts', import.meta.url).href)}
    import { testStore } from ${JSON.stringify(new URL('./test-store.ts', import.meta.url).href)}
    ${tests}`
  // NODE_TEST_CONTEXT makes a test runner speak to the one that has started it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const options = ['--import=tsx', '--test-reporter=tap', '--input-type=module', '--eval', code]
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { env, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}
