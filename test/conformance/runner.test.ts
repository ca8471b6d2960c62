import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Check, checks, type Description, runConformance } from 'coatcheck/conformance'

describe('the runner', () => {
  let server: Server
  let description: Description
  before(async () => {
    // The least that a server can do: one name signs in, and nothing else is there.
    server = createServer((request, response) => {
      if (request.url === '/login') response.setHeader('set-cookie', 'token=abc; HttpOnly')
      const isKnown = request.url === '/me' && request.headers.cookie === 'token=abc'
      response.writeHead(isKnown || request.url === '/login' ? 200 : 401).end(isKnown ? 'alice' : '')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    description = {
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      users: { first: { name: 'alice', password: 'x' } },
      routes: { signIn: { method: 'POST', path: '/login' }, whoAmI: { path: '/me' } },
      elsewhere: { 'store.outage': 'a test of ours' },
    }
  })
  after(() => server?.close())

  it('says of every check that it can’t do what it misses', async () => {
    const { results, totals } = await runConformance(description, { scale: { ids: 20 } })
    assert.equal(results.length, checks.length)
    assert.equal(totals.pass + totals.fail + totals['not applicable'], checks.length)
    const reason = (id: string) => results.find((result) => result.id === id)?.seen
    assert.equal(reason('life.logout-kills'), 'the description has no route `signOut`')
    assert.equal(
      reason('store.outage'),
      'the description has no route `breakStore`, `mendStore`; done by a test of ours',
    )
    assert.match(reason('life.idle') ?? '', /no `limits.idleSeconds`/)
    const silent = results.filter(({ verdict, seen }) => verdict !== 'pass' && seen === '')
    assert.deepEqual(silent, [])
  })

  it('runs only what it is asked for, and knows no check of another name', async () => {
    const { results } = await runConformance(description, { only: ['cookie.httponly', 'id.generic-name'] })
    assert.deepEqual(
      results.map(({ id, verdict, seen }) => [id, verdict, seen]),
      [
        ['id.generic-name', 'pass', 'token'],
        ['cookie.httponly', 'pass', 'on every one'],
      ],
    )
    await assert.rejects(runConformance(description, { only: ['cookie.http'] }), /no check is called cookie\.http/)
  })

  it('takes its description from a file, as a command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
    try {
      const file = join(folder, 'server.json')
      writeFileSync(file, JSON.stringify({ ...description, name: 'the least' }))
      const args = ['--description', file, '--only', 'cookie.httponly,id.entropy128,store.outage']
      const { code, stdout } = await running(args)
      assert.equal(code, 1)
      assert.match(stdout, /^pass +cookie\.httponly/m)
      assert.match(stdout, /^fail +id\.entropy128 +.*came twice/m)
      assert.match(stdout, /^the least: 1 pass, 1 fail, 1 not applicable .*\nfailed: id\.entropy128$/m)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('takes a server that is not there for one that fails', async () => {
    const gone = { ...description, baseUrl: 'http://127.0.0.1:1' }
    const { results } = await runConformance(gone, { only: ['cookie.httponly'] })
    assert.equal(results[0]?.verdict, 'fail')
    assert.match(results[0]?.seen ?? '', /could not be finished.*can't be reached/)
  })
})

/** The command, beside a server of this very process. */
async function running(args: readonly string[]): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(process.execPath, ['--import=tsx', 'test/conformance/main.ts', ...args], { stdio: 'pipe' })
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout }
}

describe('the checks', () => {
  it('are 66, each with a name of its own, a title and a source', () => {
    assert.equal(checks.length, 66)
    assert.equal(new Set(checks.map(({ id }) => id)).size, 66)
    const isWhole = ({ id, title, source }: Check) => /^[a-z]+\.[a-z\d-]+$/.test(id) && title !== '' && source !== ''
    assert.deepEqual(
      checks.filter((check) => !isWhole(check)),
      [],
    )
  })

  it('are in docs/conformance.md, each in a row', () => {
    const rows = [...readFileSync('docs/conformance.md', 'utf8').matchAll(/^\| `([\w.-]+)` \| (.*?) \| (.*?) \|$/gm)]
    const documented = rows.map(([, id, title, source]) => ({ id, title, source }))
    const known = checks.map(({ id, title, source }) => ({ id, title, source }))
    const sorted = (list: readonly { id: string | undefined }[]) =>
      [...list].sort((one, other) => String(one.id).localeCompare(String(other.id)))
    assert.deepEqual(sorted(documented), sorted(known))
  })
})

describe('npm run conformance', () => {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  after(() => rmSync(folder, { recursive: true }))
  const run = (...given: string[]) =>
    spawnSync(process.execPath, ['--import=tsx', 'test/conformance/main.ts', ...given], { encoding: 'utf8' })

  it('prints the named checks on our own application, and writes them down', () => {
    const json = join(folder, 'report.json')
    const { status, stdout, stderr } = run('--only', 'life.regen-login,cookie.httponly', '--json', json)
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^pass {11}cookie\.httponly {11}on every one\n {15}ASVS 5\.0 3\.3\.4/m)
    assert.match(stdout, /^coatcheck, sessions in memory: 2 pass, 0 fail, 0 not applicable/m)
    const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: { id: string; verdict: string }[] }
    assert.deepEqual(
      results.map(({ id, verdict }) => [id, verdict]),
      [
        ['cookie.httponly', 'pass'],
        ['life.regen-login', 'pass'],
      ],
    )
  })

  it('says in a sentence what is wrong with a description', () => {
    const file = join(folder, 'server.json')
    writeFileSync(file, '{"baseUrl":"localhost"}')
    const { status, stderr } = run('--description', file)
    assert.equal(status, 2)
    assert.match(stderr, /^baseUrl must be a URL such as https:\/\/localhost:3000, got "localhost"$/m)
  })
})
