import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

const folder = 'test/regressions'
const number = /CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}|GO-\d{4}-\d+|#\d{2,}/g
const [tried = '', untried = ''] = readFileSync(`${folder}/README.md`, 'utf8').split('## What can’t be tried here')
const tests = readdirSync(folder).filter((name) => name.endsWith('.test.ts') && name !== 'readme.test.ts')
const textOf = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')

describe('the table of published bugs', () => {
  it('names for each bug a file that holds a test named after it', () => {
    const rows = tried.split('\n').filter((line) => line.endsWith('.test.ts) |'))
    assert.ok(rows.length > 40)
    for (const row of rows) {
      const file = /\((\S+\.test\.ts)\) \|$/.exec(row)?.[1] ?? ''
      assert.ok(tests.includes(file), row)
      for (const [bug] of row.matchAll(number)) assert.ok(textOf(file).includes(bug), `${bug} is not in ${file}`)
    }
  })

  it('holds every bug that a test is named after', () => {
    for (const file of tests)
      for (const [bug] of textOf(file).matchAll(number)) assert.ok(tried.includes(bug), `${bug} of ${file}`)
  })

  it('says of what it can’t try why not', () => {
    assert.ok(untried.split('\n').filter((line) => /^\| .+ \| .+ \|$/.test(line)).length > 5)
  })
})
