import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { functionGroups } from './functions/index.ts'
import { findPhp } from './functions/php/php-program.ts'
import { type RunningDemo, runDemo, textOf, Visitor } from './running-demo.ts'
import { seedFunctions } from './seed-functions.ts'

const listed = functionGroups.flatMap(({ functions }) => functions)
const names = [...seedFunctions, ...listed].map(({ name }) => name)
const skip = findPhp()?.endsWith('cgi') ? false : 'php-cgi is not installed (scripts/install-test-services installs it)'

/** One half of a result, as its reader sees it. */
interface Shown {
  returned: string | undefined
  threw: string | undefined
  warned: string | undefined
  setCookie: string
  headers: string
  /** The record, or the file, and what became of it. */
  stored: string
}

/** The half that stands under this heading, or undefined where there is none. */
function half(section: string, heading: string): Shown | undefined {
  const html = section.split('<h4>').find((part) => part.startsWith(heading))
  if (html === undefined) return undefined
  const fields = new Map(
    [...html.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/gs)].map(([, name = '', value = '']) => [
      name,
      textOf(value).trim(),
    ]),
  )
  const after = section.slice(section.indexOf(html) + html.length).split('<h4>What ')[0] ?? ''
  return {
    returned: fields.get('Returned'),
    threw: fields.get('Threw'),
    warned: fields.get('It warned'),
    setCookie: fields.get('Set-Cookie') ?? '',
    headers: fields.get('Other headers') ?? '',
    stored: textOf(after).trim(),
  }
}

async function press(browser: Visitor, name: string, fields: Record<string, string> = {}) {
  const { status, location } = await browser.post(`/functions/${name}`, fields)
  assert.deepEqual([status, location], [303, `/functions#${name}`], name)
  const { html } = await browser.get('/functions')
  const section = html.split(/(?=<section class="function")/).find((each) => each.includes(`id="${name}"`)) ?? ''
  return { ours: half(section, 'What it did'), php: half(section, 'What PHP did'), section }
}

const noStore = 'Cache-Control: no-store Vary: Cookie'
const nocache =
  'Expires: Thu, 19 Nov 1981 08:52:00 GMT Cache-Control: no-store, no-cache, must-revalidate Pragma: no-cache'

type Expected = Partial<Record<keyof Shown, string | RegExp>>

/** In the order of the page, on a session that holds user_id, username and role, and one call after the other. */
const expected: Record<string, { ours?: Expected; php: Expected; fields?: Record<string, string> }> = {
  start: { ours: { returned: /^\{ isStored: true, handle: 's_.{12}' \}$/ }, php: { returned: 'true' } },
  set: {
    ours: { returned: 'nothing', stored: /role:"admin"/ },
    php: { returned: 'nothing', stored: /role\|s:5:"admin";/ },
  },
  'set-key': {
    fields: { key: 'temp_data', value: 'umbrella' },
    ours: { returned: 'nothing', stored: /The record before.*The record after.*temp_data:"umbrella"/ },
    php: { returned: 'nothing', stored: /The file before.*The file after.*temp_data\|s:8:"umbrella";/ },
  },
  read: {
    fields: { key: 'username' },
    ours: { returned: `'alice'`, stored: /^The record, unchanged/ },
    php: { returned: `'alice'`, stored: /^The file, unchanged/ },
  },
  isset: { fields: { key: 'never_stored' }, ours: { returned: 'false' }, php: { returned: 'false' } },
  unset: {
    fields: { key: 'temp_data' },
    ours: { returned: 'true', stored: /before.*temp_data.*after(?!.*temp_data)/ },
    php: { returned: 'nothing', stored: /before.*temp_data.*after(?!.*temp_data)/ },
  },
  regenerate: {
    ours: { returned: 'nothing', setCookie: /^lab-\d+=.{4}…; Path=\/; HttpOnly; SameSite=Lax$/ },
    php: {
      returned: 'true',
      setCookie: /^PHPSESSID=[0-9a-f]{32}; path=\/$/,
      stored: /before.* sess_(\w+) .*after.* sess_(?!\1)/,
    },
  },
  session_start: {
    ours: { returned: `[ 'user_id', 'username', 'role' ]`, stored: /^The record, unchanged/ },
    php: { returned: 'true', stored: /^The file, unchanged/ },
  },
  session_status: { ours: { returned: 'true' }, php: { returned: '2' } },
  session_write_close: {
    ours: { returned: 'nothing', stored: /before.*role:"admin".*after.*role:"editor"/ },
    php: { returned: 'true', stored: /before.*role\|s:5:"admin";.*after.*role\|s:6:"editor";/ },
  },
  session_commit: {
    ours: { returned: 'nothing', stored: /after.*visits:1/ },
    php: { returned: 'true', stored: /after.*visits\|i:1;/ },
  },
  session_abort: {
    ours: { threw: 'Error: not this time', stored: /^The record, unchanged.*role:"editor"/ },
    php: { returned: 'true', stored: /^The file, unchanged.*role\|s:6:"editor";/ },
  },
  session_reset: { php: { returned: 'true', stored: /^The file, unchanged.*role\|s:6:"editor";/ } },
  session_register_shutdown: { php: { returned: 'NULL' } },
  session_unset: {
    ours: { returned: 'nothing', stored: /The record after(?!.*username)/ },
    php: { returned: 'true', stored: /The file after, 0 bytes/ },
  },
  session_encode: { ours: { returned: '[]' }, php: { returned: 'false' } },
  session_decode: {
    ours: { returned: `'duffle'`, stored: /after.*coat:"duffle"/ },
    php: { returned: 'true', stored: /after.*coat\|s:6:"duffle";/ },
  },
  session_id: { ours: { returned: /^'s_[\w-]{12}'$/ }, php: { returned: /^'[0-9a-f]{32}'$/ } },
  session_create_id: { php: { returned: /^'lab-[0-9a-f]{32}'$/, headers: 'none' } },
  session_regenerate_id: {
    ours: { returned: 'nothing', setCookie: /^lab-\d+=.{4}…; Path=\/; HttpOnly; SameSite=Lax$/ },
    php: { returned: 'true', setCookie: /^PHPSESSID=[0-9a-f]{32}; path=\/$/ },
  },
  session_set_cookie_params: {
    ours: { setCookie: /^lab-\d+=.{4}…; Path=\/; HttpOnly; SameSite=Strict$/ },
    php: { setCookie: /^PHPSESSID=[0-9a-f]{32}; path=\/; HttpOnly; SameSite=Strict$/ },
  },
  session_name: {
    ours: { returned: 'false', setCookie: 'none', stored: /^No record, before and after/ },
    php: { returned: `'ticket'`, setCookie: /^ticket=[0-9a-f]{32}; path=\/$/ },
  },
  session_get_cookie_params: {
    php: {
      returned: /^array \( 'lifetime' => 0, 'path' => '\/', 'domain' => '', .*'httponly' => false, 'samesite' => '',/,
    },
  },
  session_cache_limiter: {
    ours: { headers: 'Cache-Control: private Vary: Cookie' },
    php: { returned: `'private'`, headers: /Cache-Control: private, max-age=10800 Last-Modified: / },
  },
  session_cache_expire: {
    ours: { headers: 'Cache-Control: private, max-age=1800 Vary: Cookie' },
    php: { returned: '30', headers: /Cache-Control: private, max-age=1800 Last-Modified: / },
  },
  session_set_save_handler: {
    ours: { returned: `[ 'read', 'lockAndRead', 'write' ]`, stored: /after.*visits:1/ },
    php: { returned: `array ( 0 => 'read', 1 => 'write', )`, stored: /after.*visits\|i:1;/ },
  },
  session_module_name: { php: { returned: `'files'` } },
  session_save_path: { php: { returned: /^'…\/v-\w+'$/ } },
  session_gc: { ours: { returned: '0' }, php: { returned: '0' } },
  session_destroy: {
    ours: { setCookie: /^lab-\d+=; .*Expires=Thu, 01 Jan 1970/, stored: /The record after There is no file/ },
    php: {
      returned: 'true',
      setCookie: /^PHPSESSID=deleted; expires=.*Max-Age=0/,
      stored: /The file after There is no file/,
    },
  },
  destroy: {
    ours: { returned: 'nothing', setCookie: 'none', stored: /^No record, before and after/ },
    php: { returned: 'true', setCookie: /^PHPSESSID=/ },
  },
}

function check(shown: Shown | undefined, wanted: Expected | undefined, where: string): void {
  assert.equal(shown !== undefined, wanted !== undefined, `${where} is ${shown ? '' : 'not '}shown`)
  if (!shown) return
  for (const [field, value] of Object.entries(wanted ?? {}) as [keyof Shown, string | RegExp][]) {
    const text: string = shown[field] ?? 'absent'
    if (typeof value === 'string') assert.equal(text, value, `${where}: ${field}`)
    else assert.match(text, value, `${where}: ${field}`)
  }
}

describe('every button of /functions', () => {
  it('is in the table of what is expected', () => {
    assert.deepEqual(Object.keys(expected).sort(), [...names].sort())
  })

  for (const [title, php, reason] of [
    ['beside real PHP', undefined, skip],
    ['without PHP', false, false],
  ] as const) {
    it(`does what it should, ${title}`, { skip: reason }, async () => {
      const demo = await runDemo(php === false ? { php } : {})
      try {
        const browser = new Visitor(demo.url)
        assert.equal((await browser.post('/functions/set')).status, 303)
        for (const [name, { ours, php: byPhp, fields }] of Object.entries(expected)) {
          const { html } = await browser.get('/functions')
          const hasButton = html.includes(`action="/functions/${name}"`)
          assert.equal(hasButton, ours !== undefined || php !== false, name)
          if (!hasButton) continue
          const shown = await press(browser, name, fields)
          const usual = { headers: noStore, ...(ours?.setCookie === undefined && { setCookie: 'none' }) }
          check(shown.ours, ours && { ...usual, ...ours }, `${name}, ours`)
          check(shown.php, php === false ? undefined : byPhp, `${name}, PHP's`)
          if (shown.php?.headers !== 'none' && !byPhp.headers && /^(set|start|session_id)$/.test(name) && shown.php) {
            assert.equal(shown.php.headers, nocache, name)
          }
        }
      } finally {
        await demo.stop()
      }
    })
  }
})

describe('the page of the functions', () => {
  let demo: RunningDemo
  before(async () => {
    demo = await runDemo()
  })
  after(() => demo.stop())

  it('has a closed row for each, and a link to it; what ran last is open', async () => {
    const browser = new Visitor(demo.url)
    const { html } = await browser.get('/functions')
    assert.equal(html.match(/<details>/g)?.length, names.length)
    assert.ok(!html.includes('<details open'))
    for (const name of names) assert.ok(html.includes(`href="#${name}"`) && html.includes(`id="${name}"`), name)
    await browser.post('/functions/set')
    await browser.post('/functions/session_status')
    const after = await browser.get('/functions')
    assert.equal(after.html.match(/<details open/g)?.length, 1)
    assert.match(after.html, /id="session_status"><details open/)
  })

  it('stays light: five results, and less than 64 KB with them', async () => {
    const browser = new Visitor(demo.url)
    for (const name of ['set', ...listed.filter(({ run }) => run).map((each) => each.name)]) {
      await browser.post(`/functions/${name}`)
    }
    const { html } = await browser.get('/functions')
    assert.equal(html.match(/What it did/g)?.length, 5)
    assert.ok(Buffer.byteLength(html) < 64 * 1024, String(Buffer.byteLength(html)))
  })

  it('takes a value for data on both sides, whatever is in it', async () => {
    const browser = new Visitor(demo.url)
    for (const value of [
      `"'; system('id'); $_SESSION['user_id'] = 1; //`,
      '$(touch /tmp/x) `id` | && ;',
      '<?php exit; ?><script>alert(1)</script>',
      'a\0b\r\nX-Header: y',
    ]) {
      const { ours, php, section } = await press(browser, 'set-key', { key: 'temp_data', value })
      assert.ok(!section.includes('<script') && !section.includes('\0'))
      assert.ok(ours?.stored.includes(`temp_data:${JSON.stringify(value).replaceAll(/\s+/g, ' ')}`), ours?.stored)
      if (php) assert.ok(php.stored.includes(`temp_data|s:${value.length}:"`), php.stored)
      const read = await press(browser, 'isset', { key: 'temp_data' })
      assert.equal(read.ours?.returned, 'true')
      if (php) assert.equal(read.php?.returned, 'true')
    }
  })

  it('refuses a key that is no word before anything is run', async () => {
    const browser = new Visitor(demo.url)
    for (const key of [`a' . system('id') . '`, '<?php', '$(id)', 'a\0b', '', '__proto__']) {
      const { status, html } = await browser.post('/functions/set-key', { key, value: 'x' })
      assert.equal(status, 422, key)
      assert.match(html, /role="alert" id="set-key-problem"/)
      assert.ok(!html.includes('What it did') && !html.includes('What PHP did'))
    }
  })

  it('runs nothing for a form of another site', async () => {
    const browser = new Visitor(demo.url)
    for (const name of ['set', 'session_reset', 'session_set_cookie_params', 'session_abort']) {
      const { status, setCookies } = await browser.post(`/functions/${name}`, {}, { origin: 'https://evil.example' })
      assert.equal(status, 403, name)
      assert.ok(setCookies.every((cookie) => !cookie.startsWith('lab')))
    }
    assert.doesNotMatch((await browser.get('/functions')).html, /What (it|PHP) did/)
  })

  it('refuses a key too many, and says so beside the field', async () => {
    const browser = new Visitor(demo.url)
    const store = (key: string) => browser.post('/functions/set-key', { key, value: 'x' })
    for (let count = 0; count < 20; count++) assert.equal((await store(`key_${count}`)).status, 303)
    assert.match((await store('one_more')).text, /This session holds at most 20 keys/)
    assert.equal((await store('key_3')).status, 303)
  })

  it('keeps to https where the browser came by it', async () => {
    const proxied = await runDemo({ trustProxy: ['loopback'] })
    try {
      const headers = { 'x-forwarded-proto': 'https', 'sec-fetch-site': 'same-origin' }
      const { setCookies } = await new Visitor(proxied.url).post('/functions/set', {}, headers)
      assert.match(
        setCookies.find((cookie) => cookie.includes('lab')) ?? '',
        /^__Host-lab=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      )
    } finally {
      await proxied.stop()
    }
  })

  it('shows one visitor nothing of another’s', async () => {
    const [one, other] = [new Visitor(demo.url), new Visitor(demo.url)]
    await one.post('/functions/set-key', { key: 'temp_data', value: 'sentinel-1234' })
    await other.post('/functions/session_encode')
    assert.ok((await one.get('/functions')).html.includes('sentinel-1234'))
    assert.ok(!(await other.get('/functions')).html.includes('sentinel-1234'))
  })

  it('leaves no file of PHP behind when the demo stops', { skip }, async () => {
    const folders = () => readdirSync(tmpdir()).filter((each) => each.startsWith(`coatcheck-demo-php-${process.pid}-`))
    const before = folders()
    const another = await runDemo()
    await new Visitor(another.url).post('/functions/set')
    assert.equal(folders().length, before.length + 1)
    await another.stop()
    assert.deepEqual(folders(), before)
  })
})
