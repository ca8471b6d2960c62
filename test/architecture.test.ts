import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cycles,
  forbiddenWords,
  importsOf,
  lonelyFiles,
  privateUses,
  repository,
  strayTests,
  type Tree,
  wrongArrows,
  wrongExports,
} from './architecture.ts'

describe('the architecture', () => {
  const tree = repository()

  it('has arrows that point inward only', () => assert.deepEqual(wrongArrows(tree), []))
  it('has no import cycle', () => assert.deepEqual(cycles(tree), []))
  it('shows the library to everyone else by its public names only', () => assert.deepEqual(privateUses(tree), []))
  it('exports what exists, and all that is meant to be exported', () => assert.deepEqual(wrongExports(tree), []))
  it('has no folder for a single file', () => assert.deepEqual(lonelyFiles(tree), []))
  it('keeps each unit test beside what it tests', () => assert.deepEqual(strayTests(tree), []))
  it('names no machine and no package registry', () => assert.deepEqual(forbiddenWords(tree), []))
})

describe('the check itself finds', () => {
  it('an import however it is written, and not one in a comment or a string', () => {
    const source = `
      import { a } from './a.ts'
      import type {
        B,
      } from "./b.ts"
      import './c.ts'
      export * from './d.ts'
      const e = await import('./e.ts')
      type F = import('./f.ts').F
      // import './no.ts'
      /** @example import { no } from './no.ts' */
      const text = "import no from './no.ts'"
    `
    assert.deepEqual(importsOf(source), ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts'])
  })

  it('core that knows a store, or more of Node than it may', () => {
    const faults = wrongArrows(
      made({
        'src/core/session.ts': `import '../stores/memory.ts'\nimport 'node:fs'\nimport 'node:crypto'\nimport 'devalue'`,
        'src/stores/memory.ts': '',
      }),
    )
    assert.deepEqual(faults, [
      'src/core/session.ts imports src/stores/memory.ts: core imports only core',
      'src/core/session.ts imports node:fs: of Node, core knows only node:crypto and node:diagnostics_channel',
    ])
  })

  it('stores that know each other, an adapter or a package', () => {
    const faults = wrongArrows(
      made({
        'src/stores/redis.ts': `import './file/index.ts'\nimport '../adapters/node.ts'\nimport 'redis'\nimport 'node:fs'`,
        'src/stores/file/index.ts': `import './lock.ts'\nimport '../../core/store.ts'`,
        'src/stores/file/lock.ts': '',
        'src/adapters/node.ts': '',
        'src/core/store.ts': '',
      }),
    )
    assert.deepEqual(faults, [
      'src/stores/redis.ts imports src/stores/file/index.ts: stores do not know each other',
      'src/stores/redis.ts imports src/adapters/node.ts: stores imports only core and itself',
      'src/stores/redis.ts imports redis: stores takes clients from its caller and depends on no package',
    ])
  })

  it('an adapter that needs another framework than its own', () => {
    const faults = wrongArrows(
      made({ 'src/adapters/hono.ts': `import 'hono/cookie'\nimport '@hono/node-server'\nimport 'express'` }),
    )
    assert.deepEqual(faults, ['src/adapters/hono.ts imports express: an adapter imports no framework but its own'])
  })

  it('a security feature that needs a package, or one that another file is there for', () => {
    const faults = wrongArrows(
      made({
        'src/security/network.ts': `import ipaddr from 'ipaddr.js'\nimport 'node:net'`,
        'src/security/user-agent.ts': `import bowser from 'bowser'\nimport 'ipaddr.js'`,
        'src/security/csrf.ts': `import 'bowser'\nimport 'csrf-csrf'`,
      }),
    )
    assert.deepEqual(faults, [
      'src/security/user-agent.ts imports ipaddr.js: only src/security/network.ts knows ipaddr.js',
      'src/security/csrf.ts imports bowser: only src/security/user-agent.ts knows bowser',
      'src/security/csrf.ts imports csrf-csrf: security takes clients from its caller and depends on no package',
    ])
  })

  it('a file that is not there, and a folder without a rule', () => {
    const faults = wrongArrows(made({ 'src/core/a.ts': `import './b.ts'`, 'src/helpers/c.ts': '' }))
    assert.deepEqual(faults, [
      'src/core/a.ts imports src/core/b.ts: there is no such file',
      'src/helpers/c.ts: src/helpers has no rule in test/architecture.test.ts',
    ])
  })

  it('nothing wrong with what a unit test imports', () => {
    assert.deepEqual(wrongArrows(made({ 'src/core/a.test.ts': `import 'fast-check'\nimport 'coatcheck/testing'` })), [])
  })

  it('a cycle, types included, and names its whole way', () => {
    const faults = cycles(
      made({
        'src/core/a.ts': `import './b.ts'`,
        'src/core/b.ts': `import type { C } from './c.ts'`,
        'src/core/c.ts': `import './a.ts'`,
      }),
    )
    assert.deepEqual(faults, ['src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts'])
  })

  it('a demo that reaches into src, or for a name that is not exported', () => {
    const faults = privateUses(
      made({
        'package.json': manifest({ '.': './dist/index.js' }),
        'demo/server.ts': `import 'coatcheck'\nimport '../src/index.ts'\nimport 'coatcheck/core/session'`,
      }),
    )
    assert.deepEqual(faults, [
      'demo/server.ts imports ../src/index.ts: outside src the library goes by its public names, coatcheck/…',
      'demo/server.ts imports coatcheck/core/session: package.json exports no such entry',
    ])
  })

  it('an export without a source, a store without an export, and types that come last', () => {
    const faults = wrongExports(
      made({
        'package.json': JSON.stringify({
          exports: {
            './stores/gone': { types: './dist/stores/gone.d.ts', default: './dist/stores/gone.js' },
            './stores/file': { default: './dist/stores/file/index.js', types: './dist/stores/file/index.d.ts' },
          },
        }),
        'src/stores/file/index.ts': '',
        'src/stores/file/lock.ts': '',
        'src/stores/memory.ts': '',
        'src/stores/memory.test.ts': '',
      }),
    )
    assert.deepEqual(faults, [
      'package.json exports ./stores/gone: there is no src/stores/gone.ts',
      'package.json exports ./stores/file: it should say { types, default }, both of one source',
      'src/stores/memory.ts: package.json does not export ./stores/memory',
    ])
  })

  it('a folder of one file, a test without its subject, and a path of one machine', () => {
    assert.deepEqual(lonelyFiles(made({ 'src/php/only.ts': '', 'src/core/a.ts': '', 'src/core/b.ts': '' })), [
      'src/php holds nothing but only.ts: let it be a file',
    ])
    assert.deepEqual(
      strayTests(
        made({ 'src/core/a.test.ts': '', 'src/core/b.test.ts': '', 'src/core/b.ts': '', 'test/c.test.ts': '' }),
      ),
      ['src/core/a.test.ts: there is no a.ts or a/ beside it'],
    )
    assert.deepEqual(forbiddenWords(made({ 'docs/a.md': `fine\n${['', 'root', 'x'].join('/')}` })), [
      'docs/a.md:2: a path of one machine',
    ])
  })
})

function made(files: Record<string, string>): Tree {
  return new Map(Object.entries(files))
}

function manifest(entries: Record<string, string>): string {
  return JSON.stringify({ exports: entries })
}
