import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { coatcheck } from 'coatcheck/adapters/hono'
import * as functions from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { Hono } from 'hono'
import { inPhpWords } from './in-php-words.ts'
import { functionGroups } from './index.ts'
import { findPhp, runPhp } from './php/php-program.ts'
import { scriptOf } from './php/php-scripts.ts'

// The samples are TypeScript that is JavaScript too.
const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...given: unknown[]) => Promise<unknown>

const program = findPhp()
const skip = program?.endsWith('cgi') ? false : 'php-cgi is not installed (scripts/install-test-services installs it)'
const exportedByPhp: Readonly<Record<string, unknown>> = { ...functions }
const id = '0123456789abcdef0123456789abcdef'

interface Outcome {
  returned: string
  headers: string[]
  /** What is in the session files, whatever their names. */
  files: string[]
}

/** A folder with one session in it, while `work` is at it. */
async function withSession(work: (folder: string) => Promise<Omit<Outcome, 'files'>>): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-words-'))
  try {
    writeFileSync(join(folder, `sess_${id}`), 'user_id|i:123;username|s:5:"alice";', { mode: 0o600 })
    const { returned, headers } = await work(folder)
    const names = readdirSync(folder).filter((name) => name.startsWith('sess_'))
    return {
      returned: masked(returned.replaceAll(folder, '…')),
      headers: headers.map(masked).sort(),
      files: names.map((name) => readFileSync(join(folder, name), 'utf8')).sort(),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const masked = (text: string) => text.replaceAll(/[0-9a-f]{32}/g, '<id>').replace(/(?<=^last-modified: ).*/, '<time>')

function inRealPhp(php: string): Promise<Outcome> {
  return withSession(async (folder) => {
    const script = join(folder, 'call.php')
    writeFileSync(script, scriptOf(php))
    const { headers, body } = await runPhp(program ?? '', {
      script,
      within: folder,
      savePath: folder,
      cookie: `PHPSESSID=${id}`,
      form: '',
      deadline: 60_000,
      signal: new AbortController().signal,
    })
    const { returned } = JSON.parse(body) as { returned: string }
    const about = headers.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    return { returned, headers: about.filter((line) => !line.startsWith('content-type:')) }
  })
}

function inTypeScript(text: string): Promise<Outcome> {
  return withSession(async (folder) => {
    const saveHandler = phpFiles({ savePath: folder })
    const php = new functions.PhpSessions({ saveHandler })
    const [head = '', ...lines] = text.split('\n')
    const names = /^import \{ (.*) \} from 'coatcheck\/php'$/.exec(head)?.[1]?.split(', ') ?? []
    lines.push(`return ${lines.pop()}`)
    const call = new AsyncFunction('c', 'saveHandler', ...names, lines.join('\n'))
    const given = names.map((name) => exportedByPhp[name])
    let returned: unknown
    const app = new Hono().use(coatcheck(php)).post('/call', async (c) => {
      returned = await call(c, saveHandler, ...given)
      return c.body(null)
    })
    const headers = { cookie: `PHPSESSID=${id}` }
    const response = await app.request('http://localhost/call', { method: 'POST', headers })
    assert.equal(response.status, 200)
    return { returned: exported(returned), headers: [...response.headers].map(([name, value]) => `${name}: ${value}`) }
  })
}

/** As PHP's var_export writes it. */
function exported(value: unknown): string {
  if (value === undefined || value === null) return 'NULL'
  if (typeof value === 'string') return `'${value}'`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).map(([key, entry]) => {
    return `  ${Array.isArray(value) ? key : `'${key}'`} => ${exported(entry)},\n`
  })
  return `array (\n${entries.join('')})`
}

/** Where they are meant to differ. */
const differently: Record<string, (php: Outcome) => Outcome> = {
  session_set_save_handler: (php) => ({ ...php, returned: exported(['open']) }),
  session_destroy: (php) => ({
    ...php,
    headers: php.headers.map((line) =>
      line.startsWith('set-cookie:') ? 'set-cookie: PHPSESSID=; Max-Age=0; Path=/' : line,
    ),
  }),
}

describe('the functions in PHP’s own words', { skip }, () => {
  for (const { name, php } of functionGroups.flatMap(({ functions: listed }) => listed)) {
    it(`${name}: does what real PHP does, to the value, the headers and the files`, async () => {
      const inPhp = await inRealPhp(php)
      assert.deepEqual(await inTypeScript(inPhpWords(name)), differently[name]?.(inPhp) ?? inPhp)
    })
  }
})
