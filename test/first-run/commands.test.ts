import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { versionProblem } from '../../scripts/first-run/node-version.mjs'
import { runNode } from './running.ts'

const standInDemo = `
  console.log(process.argv.slice(2).join(' '), process.env.NODE_ENV)
  process.once('SIGTERM', () => { console.log('bye'); process.exit(0) })
  if (process.argv.includes('--fail')) process.exit(3)
  setInterval(() => {}, 1000)
  console.log('serving')
`
const standInTest = `
  import { spawn } from 'node:child_process'
  import { it } from 'node:test'
  import { chromium } from './needs.ts'
  it('passes', () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    child.unref()
    console.log('left behind:', child.pid)
  })
  it('browses', { skip: chromium().skip }, () => {})
`

/** The real scripts and the real dependencies, with a demo and a test of our own. */
describe('the two commands', { skip: process.platform === 'win32' && 'written for POSIX shells' }, () => {
  let root: string

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'commands-'))
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts']) {
      cpSync(name, join(root, name), { recursive: true })
    }
    for (const folder of ['demo', 'test']) mkdirSync(join(root, folder))
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
    writeFileSync(join(root, 'demo', 'server.ts'), standInDemo)
    writeFileSync(join(root, 'test', 'one.test.ts'), standInTest)
    cpSync('test/needs.ts', join(root, 'test', 'needs.ts'))
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  it('npm start hands over its arguments and the exit code', async () => {
    const env = { NODE_ENV: 'production' }
    const { code, output } = await runNode(['scripts/start.mjs', '--https', '--fail'], { cwd: root, env }).ended
    assert.deepEqual({ code, output }, { code: 3, output: '--https --fail production\n' })
  })

  it('npm start ends with the shell that npm put in between', async () => {
    const shell = `require('node:child_process').spawn('sh', ['-c', '"$NODE" scripts/start.mjs; :'], { stdio: 'inherit' })
      .on('spawn', function () { process.on('SIGTERM', () => this.kill('SIGKILL')) })`
    const env = { NODE: process.execPath, npm_lifecycle_event: 'start' }
    const running = runNode(['--eval', shell], { cwd: root, env })
    await running.printed(/serving/)
    running.process.kill('SIGTERM')
    assert.match((await running.ended).output, /bye/)
  })

  it('npm test fails when no test file is meant', async () => {
    const { code, output } = await runNode(['scripts/test.mjs', 'nowhere'], { cwd: root }).ended
    assert.deepEqual({ code, output }, { code: 1, output: "No test file's path contains nowhere.\n" })
  })

  it('npm test closes with the counts, tells why it skipped, and leaves no process behind', async () => {
    const env = { CI: '', CHROMIUM_PATH: '/nowhere/chromium' }
    const { code, output } = await runNode(['scripts/test.mjs'], { cwd: root, env }).ended
    assert.equal(code, 0, output)
    const closing =
      /\nskipped 1: CHROMIUM_PATH names .*\n# tests 2\n# suites 0\n# pass 1\n# fail 0\n# cancelled 0\n# skipped 1\n/
    assert.match(output, closing)
    const left = /left behind: (\d+)/.exec(output)?.[1] ?? ''
    while (isRunning(left)) await new Promise((resolve) => setTimeout(resolve, 10))
  })

  it('npm test with CI set fails for want of what a test needs', async () => {
    const env = { CI: 'true', CHROMIUM_PATH: '/nowhere/chromium' }
    const { code, output } = await runNode(['scripts/test.mjs'], { cwd: root, env }).ended
    assert.equal(code, 1)
    assert.match(output, /with CI set no test is skipped for that/)
  })
})

describe('an old Node', () => {
  it('is told which one is needed', () => {
    const sentence =
      /^This needs Node\.js 20\.19 or newer, and .* is 18\.20\.8\. Get one from https:\/\/nodejs\.org, then/
    assert.match(versionProblem('18.20.8', '>=20.19') ?? '', sentence)
    assert.match(versionProblem('20.18.3', '>=20.19') ?? '', /is 20\.18\.3/)
  })

  it('is what is older than package.json says, and nothing else', () => {
    for (const version of ['20.19.0', '20.20.2', '22.1.0', '26.0.0']) {
      assert.equal(versionProblem(version, '>=20.19'), undefined)
    }
  })
})

/** A zombie, dead but not yet asked for, is not running. */
function isRunning(pid: string): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' })
  return /^[^Z\s]/.test(stdout)
}
