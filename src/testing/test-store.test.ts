import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory.ts'
import { faultySharedStores } from './faulty-stores/across-processes/faulty-shared-stores.ts'
import { faultyStores } from './faulty-stores/faulty-stores.ts'
import type { ProcessCase } from './process-cases/process-case.ts'
import { processCases } from './process-cases/process-cases.ts'
import { inheritedOptions } from './processes/connection.ts'
import { storeProcesses } from './processes/store-processes.ts'
import { storeCases } from './store-cases/store-cases.ts'

/** The module that opens sound and faulty stores which processes share. */
const sharedStores = new URL('./faulty-stores/across-processes/open-shared-store.ts', import.meta.url)

describe('the store contract', () => {
  it('calls no two facts by one name', () => {
    const names = [...storeCases, ...processCases].map(({ name }) => name)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  it('has a faulty store for each fact', () => {
    const found = new Set([...faultyStores, ...faultySharedStores].flatMap(({ foundBy }) => foundBy))
    const names = [...storeCases, ...processCases].map(({ name }) => name)
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
        'not offered: list',
        'not offered: users',
        'not offered: lockAndRead',
        'not offered: lockAndRead and list',
        'not offered: deleteExpired',
        'not offered: deleteExpired and users',
      ],
    )
    for (const storeCase of storeCases) if (!storeCase.whyNot(small)) await storeCase.run(small)
  })

  it('asks nothing across processes of a store in memory, and says why', () => {
    const { lockAndRead: _, ...small } = { ...memoryStore(), durability: 'kept' as const }
    const reasonsFor = (store: Store) => [...new Set(processCases.map((processCase) => processCase.whyNot(store)))]
    assert.deepEqual(reasonsFor(memoryStore()), ['not offered: not shared with other processes'])
    assert.deepEqual(reasonsFor(small), [undefined, 'not offered: lockAndRead', 'not offered: subscribe'])
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

describe('the store contract, kept across processes,', { concurrency: 2 }, () => {
  const processes = storeProcesses(sharedStores)
  after(() => processes.close())

  const run = async ({ run }: ProcessCase, space: string): Promise<void> => {
    const opened = await processes.open(`${space}-${randomUUID().slice(0, 8)}`)
    await run(opened).finally(opened.close)
  }

  it('finds nothing wrong with the store that the mistakes are made in', async () => {
    for (const processCase of processCases) await run(processCase, 'sound')
  })

  for (const [index, { mistake, foundBy }] of faultySharedStores.entries()) {
    it(`finds a store that ${mistake}`, async () => {
      for (const name of foundBy) {
        const processCase = processCases.find((candidate) => candidate.name === name)
        assert.ok(processCase, `there is no case ‘${name}’`)
        // Some show by chance: a race that is lost once in a hundred times is no surprise on a busy machine.
        for (let tries = 1, error: unknown; error === undefined; tries++) {
          error = await run(processCase, String(index)).catch((reason: unknown) => reason)
          assert.ok(error !== undefined || tries < 4, `‘${name}’ does not find it`)
          assert.ok(error === undefined || error instanceof assert.AssertionError, String(error))
        }
      }
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
    // One more is opened to see what is to be said of the cases that take several processes.
    assert.equal(output.match(/open: 0/g)?.length, storeCases.length + 1)
    assert.doesNotMatch(output, /open: [^0]/)
  })

  it('shows what a store does not offer as skipped, with the reason', () => {
    const { status, output } = runTests(`
      testStore('a small store', () => ({ ...memoryStore(), users: undefined, lockAndRead: undefined }))
    `)
    assert.equal(status, 0, output)
    assert.match(output, /ok \d+ - serves first who came first # SKIP not offered: lockAndRead\n/)
    assert.match(output, /# fail 0\n/)
  })

  it('shows each fact as skipped, with the reason, where the store can’t be opened at all', () => {
    const { status, output } = runTests(`
      testStore('a remote store', () => assert.fail('opened'), { skip: 'there is no server' })
    `)
    assert.equal(status, 0, output)
    assert.equal(output.match(/# SKIP there is no server/g)?.length, storeCases.length + processCases.length)
  })

  it('shows what takes several processes as not run, where none are named', () => {
    const { status, output } = runTests(`
      testStore('a shared store', () => ({ ...memoryStore(), durability: 'kept' }))
      testStore('a store in memory', () => memoryStore())
    `)
    assert.equal(status, 0, output)
    const times = (reason: string): number => output.split(`# SKIP ${reason}\n`).length - 1
    assert.equal(
      times('not run: testStore was given no `processes`') + times('not offered: subscribe'),
      processCases.length,
    )
    assert.equal(times('not offered: not shared with other processes'), processCases.length)
  })

  it('opens the store in other processes, by the module it is given', () => {
    const options = '{ processes: $shared }'.replace('$shared', JSON.stringify(sharedStores))
    const only = '--test-name-pattern=shows in one process at once'
    const { status, output } = runTests(`testStore('a shared store', () => memoryStore(), ${options})`, only)
    assert.equal(status, 0, output)
    assert.match(output, /\n *ok \d+ - shows in one process at once what was written in another\n/)
  })

  it('says what is wrong with a module that can’t be loaded', () => {
    const options = `{ processes: 'data:text/javascript,throw new Error("the engine is not there")' }`
    const only = '--test-name-pattern=shows in one process at once'
    const { status, output } = runTests(`testStore('a shared store', () => memoryStore(), ${options})`, only)
    assert.equal(status, 1, output)
    assert.match(output, /not ok \d+ - shows in one process at once/)
    assert.match(output, /could not be loaded: Error: the engine is not there/)
  })
})

describe('the processes that open a store', () => {
  it('end with the process that has started them, even if it is killed', { timeout: 20_000 }, async (t) => {
    // As a client that keeps its connection open would.
    const stays = 'setInterval(() => {}, 1000); export default () => ({ durability: "memory" })'
    const module = `data:text/javascript,console.log('pid', process.pid); ${stays}`
    const started = new URL('./processes/store-processes.ts', import.meta.url).href
    const code = `
      import { storeProcesses } from ${JSON.stringify(started)}
      await storeProcesses(${JSON.stringify(module)}).open()
      console.log('open')`
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-processes-'))
    t.after(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'start.mjs'), code)
    const child = spawn(process.execPath, ['--import=tsx', join(folder, 'start.mjs')])
    // They have its standard error too: it is closed when the last of them is gone.
    const closed = once(child, 'close')
    let [output, errors] = ['', '']
    child.stdout.on('data', (text) => {
      output += text
    })
    child.stderr.on('data', (text) => {
      errors += text
    })
    while (!output.includes('open') && child.exitCode === null) await pause(10)
    assert.ok((errors.match(/pid/g)?.length ?? 0) >= 3, errors)
    child.kill('SIGKILL')
    await closed
  })

  it('are started with this process’s loaders, and nothing that is about this run of it', () => {
    const options = [
      '--import',
      'tsx',
      '-r',
      './a.cjs',
      '--eval',
      'code',
      '--test',
      '--test-name-pattern',
      'x',
      '-C',
      'dev',
    ]
    assert.deepEqual(inheritedOptions(options), ['--import', 'tsx', '-r', './a.cjs', '-C', 'dev'])
    const others = ['--input-type=module', '--inspect-brk=0', '--watch', '--import=tsx', '--no-warnings', '-e', 'code']
    assert.deepEqual(inheritedOptions(others), ['--import=tsx', '--no-warnings'])
  })
})

/** Runs tests in a process of their own. */
function runTests(tests: string, ...more: readonly string[]): { status: number | null; output: string } {
  const code = `
    import assert from 'node:assert/strict'
    import { memoryStore } from ${JSON.stringify(new URL('../stores/memory.ts', import.meta.url).href)}
    import { testStore } from ${JSON.stringify(new URL('./test-store.ts', import.meta.url).href)}
    ${tests}`
  // NODE_TEST_CONTEXT makes a test runner speak to the one that has started it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const options = ['--import=tsx', '--test-reporter=tap', ...more, '--input-type=module', '--eval', code]
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { env, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}
