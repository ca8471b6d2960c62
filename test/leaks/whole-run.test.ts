import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runNode } from '../first-run/running.ts'

const issuing = (more: string): string => `
  import { randomBytes } from 'node:crypto'
  import { createServer, get } from 'node:http'
  import { it } from 'node:test'
  it('passes', async () => {
    const ticket = randomBytes(48).toString('base64url')
    const server = createServer((_, response) => response.setHeader('set-cookie', 'sid=' + ticket + '; Path=/').end())
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    await new Promise((resolve) => get({ port: server.address().port, agent: false }, (response) => response.resume().on('end', resolve)))
    server.close()
    ${more}
  })
`

/** The real scripts, and a test of our own that passes. */
describe('npm test', { skip: process.platform === 'win32' && 'written for POSIX shells' }, () => {
  let root: string

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'leaks ’')) // a path as people have them
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'test/leaks'])
      cpSync(name, join(root, name), { recursive: true, filter: (path) => !/\.test\.ts$/.test(path) })
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  async function run(test: string, ...words: string[]) {
    writeFileSync(join(root, 'test', 'one.test.ts'), test)
    // Not watched by the run that this test belongs to.
    return runNode(['scripts/test.mjs', ...words], { cwd: root, env: { COATCHECK_LEAK_WATCH: '' } }).ended
  }

  it('fails when a test prints a ticket, although it passes', async () => {
    const { code, output } = await run(issuing(`console.log('signed in as ' + ticket)`), 'one')
    assert.match(output, /^# pass 1$/m)
    assert.match(output, /^leak: a ticket is in the stdout of .*one\.test\.ts: [\w-]{24}…$/m)
    assert.equal(code, 1)
  })

  it('fails when a process that a test starts is told a ticket, and is killed', async () => {
    const program = `console.log('up'); setInterval(() => {}, 1000)`
    const started = `const { spawn } = await import('node:child_process')
      const child = spawn(process.execPath, ['--eval', ${JSON.stringify(program)}, '--', ticket], { stdio: ['ignore', 'pipe', 'ignore'] })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      child.kill('SIGKILL')`
    const { code, output } = await run(issuing(started), 'one')
    assert.match(output, /^leak: a ticket is in the process arguments of /m)
    assert.equal(code, 1)
  })

  it('passes when nothing is shown', async () => {
    const { code, output } = await run(issuing(''), 'one')
    assert.doesNotMatch(output, /leak/)
    assert.equal(code, 0)
  })

  it('fails when all tests were run and the watch has seen nothing', async () => {
    const { code, output } = await run(`import { it } from 'node:test'\nit('passes', () => {})`)
    assert.match(output, /^leak watch: 0 tickets, none found in /m)
    assert.equal(code, 1)
  })
})
