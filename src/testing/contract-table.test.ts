import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ContractTable } from './contract-table.ts'
import { storeCases } from './store-cases/store-cases.ts'

/** What became of one test: its event's type, and the reason if it was skipped. */
type End = 'test:pass' | 'test:fail' | { readonly skip: string }

/** As `node:test` tells it: each suite begins before what is in it, and ends after. */
function told(table: ContractTable, store: string, rules: Readonly<Record<string, readonly End[]>>, nesting = 0): void {
  const tell = (type: string, name: string, depth: number, more: object = {}): void =>
    table.add({ type, data: { name, nesting: nesting + depth, ...more } })
  const suite = { details: { type: 'suite' } }
  tell('test:start', `the store contract, kept by ${store}`, 0)
  for (const [rule, ends] of Object.entries(rules)) {
    tell('test:start', rule, 1)
    for (const [index, end] of ends.entries()) {
      tell('test:start', `fact ${index}`, 2)
      if (typeof end === 'string') tell(end, `fact ${index}`, 2, { details: {} })
      else tell('test:pass', `fact ${index}`, 2, { skip: end.skip, details: {} })
    }
    tell(ends.includes('test:fail') ? 'test:fail' : 'test:pass', rule, 1, suite)
  }
  tell('test:pass', `the store contract, kept by ${store}`, 0, suite)
}

function table(stores: Readonly<Record<string, Readonly<Record<string, readonly End[]>>>>): string[] {
  const table = new ContractTable()
  for (const [name, rules] of Object.entries(stores)) told(table, name, rules)
  return table.lines()
}

const users = { skip: 'not offered: users' }

describe('the table of the store contract', () => {
  it('has a row for each guarantee, in their order, and the rules below them', () => {
    const lines = table({
      shelf: { 'W1: versions': ['test:pass'], 'G11: lists': [users], 'G2: keys': ['test:pass', 'test:pass'] },
      attic: {
        'W1: versions': ['test:pass', 'test:fail'],
        'G2: keys': ['test:pass', users],
        'G1: ends': ['test:pass'],
      },
    })
    assert.deepEqual(lines, [
      'the store contract  shelf        attic',
      'G1: ends            not run      passed',
      'G2: keys            passed       passed 1 of 2',
      'G11: lists          not offered  not run',
      'W1: versions        passed       FAILED 1 of 2',
      '',
      'not offered: users · shelf (1), attic (1)',
    ])
  })

  it('says why a whole store was not run', () => {
    const gone = { skip: 'there is no server' }
    assert.deepEqual(table({ remote: { 'G1: ends': [gone, gone], 'G2: keys': [gone] } }), [
      'the store contract  remote',
      'G1: ends            not run',
      'G2: keys            not run',
      '',
      'not run: there is no server · remote (3)',
    ])
  })

  it('has nothing to print when no store was tested', () => {
    const table = new ContractTable()
    table.add({ type: 'test:start', data: { name: 'something else', nesting: 0 } })
    table.add({ type: 'test:pass', data: { name: 'something else', nesting: 0, details: {} } })
    assert.deepEqual(table.lines(), [])
  })

  it('sees a suite that fails by itself, and one inside another suite', () => {
    const table = new ContractTable()
    table.add({ type: 'test:start', data: { name: 'our stores', nesting: 0 } })
    told(table, 'shelf', { 'G1: ends': ['test:pass'] }, 1)
    assert.deepEqual(table.lines(), ['the store contract  shelf', 'G1: ends            passed'])
    table.add({ type: 'test:start', data: { name: 'the store contract, kept by attic', nesting: 0 } })
    table.add({ type: 'test:start', data: { name: 'G1: ends', nesting: 1 } })
    table.add({ type: 'test:fail', data: { name: 'G1: ends', nesting: 1, details: { type: 'suite' } } })
    assert.match(table.lines()[1]!, /^G1: ends +passed +FAILED 1 of 1$/)
  })

  it('is at most 100 columns wide, however many stores there are and however long their names', () => {
    const rules = { 'G1: a guarantee that takes many, many words to say what it is about': ['test:pass'] } as const
    const names = Array.from({ length: 9 }, (_, index) => `store ${index} with some settings and averyveryverylongword`)
    const lines = table(Object.fromEntries(names.map((name) => [name, rules])))
    assert.deepEqual(
      lines.filter(({ length }) => length > 100),
      [],
    )
    assert.equal(lines.join('\n').match(/\bpassed\b/g)?.length, 9)
  })
})

describe('the reporter', () => {
  it('prints the table of a run, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-reporter-'))
    try {
      const memory = JSON.stringify(new URL('../stores/memory.ts', import.meta.url).href)
      const testing = JSON.stringify(new URL('./test-store.ts', import.meta.url).href)
      const imports = `import { memoryStore } from ${memory}\nimport { testStore } from ${testing}\n`
      const wrong = `testStore('wrong', () => ({ ...memoryStore(), users: undefined, touch() {} }))`
      const remote = `testStore('remote', () => memoryStore(), { skip: 'there is no server' })`
      writeFileSync(join(folder, 'one.mjs'), `${imports}testStore('memory', () => memoryStore())\n${wrong}`)
      writeFileSync(join(folder, 'two.mjs'), `${imports}${remote}`)
      const code = `
        import { run } from 'node:test'
        import report from ${JSON.stringify(new URL('./reporter.ts', import.meta.url).href)}
        run({ files: ${JSON.stringify(['one.mjs', 'two.mjs'].map((name) => join(folder, name)))} })
          .compose(report).pipe(process.stdout)`
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      writeFileSync(join(folder, 'run.mjs'), code)
      const options = ['--import=tsx', join(folder, 'run.mjs')]
      const { stdout, stderr } = spawnSync(process.execPath, options, { env, encoding: 'utf8' })
      const row = (name: string): string => stdout.split('\n').find((line) => line.startsWith(name)) ?? stderr
      assert.match(row('the store contract'), /^the store contract +memory +wrong +remote$/)
      assert.match(row('G7: '), /^G7: an id that was never issued is absent +passed +passed +not run$/)
      assert.match(row('T1: '), /^T1: a touch moves a live record forward, and +passed 7 of 9 +FAILED 4 of 9 +not run$/)
      assert.match(row('G11: '), / +passed 8 of 10 +not offered +not run$/)
      assert.match(row('not offered: users'), /^not offered: users · wrong \(\d+\)$/)
      assert.match(row('not run: '), /^not run: there is no server · remote \(\d+\)$/)
      assert.doesNotMatch(stdout, new RegExp(storeCases[0]!.name))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
