import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AuditReport } from 'coatcheck/conformance/audit'
import { credentials, servedPlainly } from './audited.ts'
import { weakShop } from './weak-shop.ts'

const cli = fileURLToPath(new URL('../../src/conformance/audit/cli.ts', import.meta.url))
const login = ['--login', '/login', '--field', `username=${credentials.username}`]
const rest = ['--field', `password=${credentials.password}`, '--logout', '/logout']
const onThisMachine = { cookieName: 'id', attributes: 'Path=/; HttpOnly; SameSite=Lax' }

/** What the command prints, and its exit code. */
async function coatcheck(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import=tsx', cli, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    error += text
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, output, error }
}

describe('coatcheck audit', { concurrency: 2 }, () => {
  it('exits with 0 where nothing is found; the page of the user is where the login leads', async (t) => {
    const { code, output } = await coatcheck([
      'audit',
      await servedPlainly(t, weakShop(onThisMachine)),
      ...login,
      ...rest,
    ])
    assert.match(output, /session cookie: id .*\n[\s\S]*not found: early-session, [\s\S]*\nNo findings\.\n$/)
    assert.equal(code, 0)
  })

  it('exits with 1 where something is found, and prints it as JSON; a password comes from the environment', async (t) => {
    const url = await servedPlainly(t, weakShop({ ...onThisMachine, logoutEnds: false }))
    const options = [
      ...login,
      '--field-env',
      'password=SHOP_PASSWORD',
      '--logout',
      '/logout',
      '--samples',
      '3',
      '--json',
    ]
    const { code, output } = await coatcheck(['audit', url, ...options], { SHOP_PASSWORD: credentials.password })
    const report = JSON.parse(output) as AuditReport
    assert.equal(report.url, url)
    assert.deepEqual(
      report.findings.map(({ id, severity, sources }) => [id, severity, sources[0]]),
      [['logout-leaves-session', 'high', 'ASVS 5.0 7.4.1']],
    )
    assert.ok(!output.includes(credentials.password))
    assert.equal(code, 1)
  })

  it('exits with 2 where it can’t be run, and says why in a line', async () => {
    const { code, output, error } = await coatcheck(['audit', 'http://127.0.0.1:1', ...login, ...rest])
    assert.match(error, /^coatcheck audit: http:\/\/127\.0\.0\.1:1 can't be reached: .*ECONNREFUSED.*\n$/)
    assert.deepEqual([code, output], [2, ''])
  })

  it('exits with 2 for a command that it can’t understand, and says what is wrong', async () => {
    const wrong = [
      [['audit'], /say `coatcheck audit <url>/],
      [['audit', 'ftp://shop.example', ...login], /no http\(s\) URL/],
      [['audit', 'https://shop.example'], /--login is missing/],
      [['audit', 'https://shop.example', '--login', '/login'], /--field is missing/],
      [['audit', 'https://shop.example', '--login', 'login', '--field', 'a=b'], /--login login: a path/],
      [['audit', 'https://shop.example', ...login, '--frobnicate'], /Unknown option '--frobnicate'/],
      [['audit', 'https://shop.example', ...login, '--field-env', 'a=NO_SUCH_VARIABLE'], /NO_SUCH_VARIABLE/],
    ] as const
    for (const [args, message] of wrong) {
      const { code, error } = await coatcheck(args)
      assert.match(error, message)
      assert.equal(code, 2)
    }
  })

  it('tells how it is used', async () => {
    const { code, output } = await coatcheck(['--help'])
    assert.match(output, /--field-env <name>=<variable>/)
    assert.equal(code, 0)
  })
})
