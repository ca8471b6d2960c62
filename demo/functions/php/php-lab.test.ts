import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { fakeClock } from 'coatcheck/testing'
import { seedFunctions } from '../../seed-functions.ts'
import { PhpLab, type PhpLabOptions, type PhpResult } from './php-lab.ts'
import { findPhp, runPhp } from './php-program.ts'
import { phpScripts, scriptOf } from './php-scripts.ts'

const folders = (process.env.PATH ?? '').split(delimiter)
const installed = ['php-cgi', 'php'].flatMap((name) => {
  const folder = folders.find((each) => existsSync(join(each, name)))
  return folder === undefined ? [] : [join(folder, name)]
})
const skip = installed.length === 0 ? 'PHP is not installed (scripts/install-test-services installs it)' : false
const tooLate = { problem: 'PHP took too long, or ended early.' }
const nothing = { key: '', value: '' }

const open: PhpLab[] = []

function lab(options: Partial<PhpLabOptions> = {}): PhpLab {
  const made = new PhpLab({ clock: Date.now, ...options })
  open.push(made)
  return made
}

afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

async function did(php: PhpLab, name: string, form = nothing, visitor = 'visitor'): Promise<PhpResult> {
  const run = await php.run(visitor, name, form)
  assert.ok(run && !('problem' in run), `${name}: ${JSON.stringify(run)}`)
  return run
}

const ownFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`coatcheck-demo-php-${process.pid}-`))

describe('the scripts for PHP', () => {
  it('report the value of the last line, unless it is a statement', () => {
    assert.match(
      scriptOf('session_start();\nsession_id();'),
      /\ntry \{\nsession_start\(\);\n\$returned = session_id\(\);\n\}/,
    )
    assert.match(scriptOf(`$_SESSION['a'] = 1;`), /\ntry \{\n\$_SESSION\['a'\] = 1;\n\}/)
    assert.match(scriptOf(`unset($_SESSION['a']);`), /\ntry \{\nunset/)
  })

  it('are one for each row', () => {
    assert.equal(phpScripts.size, seedFunctions.length + 23)
  })
})

describe('where PHP is missing', () => {
  it('there is no version, and nothing is run', async () => {
    for (const program of [false, '/nowhere/php-cgi', process.execPath] as const) {
      const php = lab({ program })
      assert.equal(await php.version, undefined)
      assert.equal(await php.run('visitor', 'session_start', nothing), undefined)
    }
    assert.equal(findPhp('/nowhere'), undefined)
  })
})

for (const program of installed) {
  describe(`real PHP, by ${program}`, () => {
    const isCgi = program.endsWith('cgi')

    it('keeps a session from call to call, with its headers', async () => {
      const php = lab({ program })
      assert.match((await php.version) ?? '', /^\d+\.\d+\.\d+/)
      const start = await did(php, 'session_start')
      assert.deepEqual([start.returned, start.before, start.after?.bytes, start.files], ['true', undefined, 0, 1])
      if (isCgi) {
        assert.deepEqual(
          start.headers?.map((line) => line.replace(/=[0-9a-f]{32}/, '=…')),
          [
            'Set-Cookie: PHPSESSID=…; path=/',
            'Expires: Thu, 19 Nov 1981 08:52:00 GMT',
            'Cache-Control: no-store, no-cache, must-revalidate',
            'Pragma: no-cache',
          ],
        )
      } else assert.equal(start.headers, undefined)
      const set = await did(php, 'set')
      assert.deepEqual(set.before, start.after)
      assert.equal(set.after?.text, 'user_id|i:123;username|s:5:"alice";role|s:5:"admin";')
      assert.equal(set.after?.name, start.after?.name)
    })

    it('runs what the page shows: with the first key filled in, both do the same', async () => {
      for (const { name, php: shown, phpScript, firstKey = '', firstValue = '' } of seedFunctions) {
        const starts = /^session_start/m.test(shown) ? '' : 'session_start();\n'
        // On the command line PHP reads no cookies by itself.
        const byPage = await onSomeData(`<?php\n$_COOKIE['PHPSESSID'] = 'abc';\n${starts}${shown}`)
        const byButton = await onSomeData(scriptOf(phpScript), { key: firstKey, value: firstValue })
        assert.deepEqual(byPage.files, byButton.files, name)
        const { returned } = JSON.parse(byButton.body) as { returned: string | null }
        const printed: Record<string, string[]> = { read: ['alice', "'alice'"], isset: ['User is logged in', 'true'] }
        if (printed[name]) assert.deepEqual([byPage.body, returned], printed[name])
      }
    })

    /** The script, in a folder with one session in it. */
    async function onSomeData(script: string, form: Record<string, string> = {}) {
      const within = mkdtempSync(join(tmpdir(), 'coatcheck-shown-'))
      try {
        writeFileSync(join(within, 'sess_abc'), 'user_id|i:123;username|s:5:"alice";temp_data|s:1:"x";')
        writeFileSync(join(within, 'call.php'), script)
        const { body } = await runPhp(program, {
          script: join(within, 'call.php'),
          within,
          savePath: within,
          cookie: 'PHPSESSID=abc',
          form: new URLSearchParams(form).toString(),
          deadline: 60_000,
          signal: new AbortController().signal,
        })
        const names = readdirSync(within).filter((each) => each.startsWith('sess_'))
        return { body, files: names.map((each) => readFileSync(join(within, each), 'utf8')) }
      } finally {
        rmSync(within, { recursive: true, force: true })
      }
    }

    it('takes keys and values as data, whatever is in them', async () => {
      const php = lab({ program })
      for (const value of [
        `'; system('id'); //`,
        '"; $(touch /tmp/x) `id` && | > <',
        '<?php exit(1); ?>',
        'a\0b\r\nSet-Cookie: x=y',
        '&key=other&value=second',
        '%00%27\\n\\',
        'Ünïcødé 🧥',
        'x'.repeat(200),
      ]) {
        const stored = await did(php, 'set-key', { key: 'temp_data', value })
        const serialized = `temp_data|s:${Buffer.byteLength(value)}:"${value}";`
        assert.equal(stored.after?.text, serialized)
        assert.deepEqual([stored.thrown, stored.said], [undefined, []])
        assert.ok(stored.headers?.every((line) => !line.includes('x=y')) ?? true)
        const read = await did(php, 'isset', { key: 'temp_data', value: '' })
        assert.equal(read.returned, 'true')
      }
    })

    it('tells what PHP warns of, and names no folder of this machine', async () => {
      const php = lab({ program })
      const missing = await did(php, 'read', { key: 'never_stored', value: '' })
      assert.deepEqual([missing.returned, missing.said], ['NULL', ['Undefined array key "never_stored"']])
      assert.match((await did(php, 'session_save_path')).returned ?? '', /^'…\/v-\w{6}'$/)
    })

    it('keeps visitors apart, each in a folder of its own, and few of them', async () => {
      const clock = fakeClock()
      const php = lab({ program, clock: clock.now, visitors: 2 })
      await did(php, 'set', nothing, 'one')
      assert.equal((await did(php, 'isset', { key: 'user_id', value: '' }, 'two')).returned, 'false')
      assert.equal((await did(php, 'isset', { key: 'user_id', value: '' }, 'one')).returned, 'true')
      await did(php, 'session_start', nothing, 'three')
      const [folder = ''] = ownFolders()
      const visitors = () => readdirSync(join(tmpdir(), folder)).filter((name) => name.startsWith('v-')).length
      assert.equal(visitors(), 2)
      assert.equal((await did(php, 'isset', { key: 'user_id', value: '' }, 'one')).returned, 'true')
      clock.advance('11m')
      assert.equal((await did(php, 'isset', { key: 'user_id', value: '' }, 'one')).returned, 'false')
      assert.equal(visitors(), 1)
    })

    it('leaves at most eight files of one visitor', async () => {
      const php = lab({ program })
      let files = 0
      for (let count = 0; count < 11; count++) files = (await did(php, 'session_regenerate_id')).files
      assert.equal(files, 8)
      assert.equal((await did(php, 'session_status')).returned, '2')
    })

    it('removes everything when it is closed, and runs nothing afterwards', async () => {
      const php = lab({ program })
      await did(php, 'set')
      assert.equal(ownFolders().length, 1)
      const late = php.run('visitor', 'set', nothing)
      php.close()
      assert.deepEqual(await late, tooLate)
      assert.deepEqual(ownFolders(), [])
      assert.deepEqual(await php.run('visitor', 'set', nothing), tooLate)
    })

    it('removes what a killed process has left, and nothing of one that runs', async () => {
      const { pid: dead } = spawnSync(process.execPath, ['--eval', ''])
      const left = mkdtempSync(join(tmpdir(), `coatcheck-demo-php-${dead}-`))
      const other = lab({ program })
      await did(other, 'set')
      await did(lab({ program }), 'set')
      assert.equal(existsSync(left), false)
      assert.equal((await did(other, 'isset', { key: 'user_id', value: '' })).returned, 'true')
    })

    it('lets few wait, and tells the others to come again', async () => {
      const php = lab({ program })
      await php.version
      const runs = await Promise.all(Array.from({ length: 8 }, () => php.run('visitor', 'session_status', nothing)))
      const busy = runs.filter((run) => run && 'problem' in run)
      assert.equal(busy.length, 2)
      assert.deepEqual(busy[0], { problem: 'PHP is busy with other visitors. Try again in a moment.' })
    })
  })
}

describe('a PHP that hangs, says too much, or is old', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-hanging-php-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** A program that is PHP at the first call and something else from then on. */
  function programThat(does: string, version = '8.0.0'): string {
    const place = mkdtempSync(join(folder, 'p-'))
    const path = join(place, 'php-cgi')
    const answer = `printf 'Content-type: text/html\\r\\n\\r\\n{"version":"${version}","returned":null,"thrown":null,"said":[],"name":"","id":""}'`
    writeFileSync(
      path,
      `#!/bin/sh\nif [ ! -e ${place}/asked ]; then : > ${place}/asked; ${answer}; exit; fi\n${does}\n`,
    )
    chmodSync(path, 0o755)
    mkdirSync(place, { recursive: true })
    return path
  }

  it('is ended at its deadline', async () => {
    const note = join(folder, 'pid')
    const php = lab({ program: programThat(`echo $$ > ${note}; exec sleep 600`), deadline: 500 })
    assert.equal(await php.version, '8.0.0')
    assert.deepEqual(await php.run('visitor', 'session_start', nothing), tooLate)
    const pid = Number(readFileSync(note, 'utf8'))
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })

  it('is not used when it is older than 8', async () => {
    assert.equal(await lab({ program: programThat('exit 1', '7.4.33') }).version, undefined)
  })

  it('is ended after 256 KB', async () => {
    const php = lab({ program: programThat('exec yes'), deadline: 60_000 })
    assert.equal(await php.version, '8.0.0')
    assert.deepEqual(await php.run('visitor', 'session_start', nothing), tooLate)
  })
})

describe('real PHP', { skip }, () => {
  it('is found on the PATH, php-cgi first', () => {
    assert.equal(findPhp(), installed[0])
  })
})
