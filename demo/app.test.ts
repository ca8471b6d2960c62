import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { fileStore } from 'coatcheck/stores/file'
import { type RunningDemo, runDemo, textOf, Visitor } from './running-demo.ts'

/** The page this demo honours, word for word, row by row of the list of requirements. */
let demo: RunningDemo

before(async () => {
  demo = await runDemo()
})
after(() => demo.stop())

const visitor = () => new Visitor(demo.url)

async function loggedIn(username = 'alice', password = 'password'): Promise<Visitor> {
  const browser = visitor()
  assert.equal((await browser.login(username, password)).status, 303)
  return browser
}

function records(): string[] {
  return readdirSync(`${demo.directory}/records`, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /sess_[0-9a-f]{64}$/.test(name),
  )
}

/** Of the record whose data says so. */
function recordOf(username: string): string | undefined {
  return records()
    .map((name) => readFileSync(`${demo.directory}/records/${name}`, 'utf8'))
    .find((text) => text.includes(`\nusername:${JSON.stringify(username)}`))
}

function assertInOrder(text: string, parts: string[]): void {
  let from = 0
  for (const part of parts) {
    const at = text.indexOf(part, from)
    assert.notEqual(at, -1, `"${part}" is missing, or not in its place`)
    from = at + part.length
  }
}

describe('the home page', () => {
  let html: string
  let text: string

  before(async () => {
    const answer = await visitor().get('/')
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.setCookies, [])
    html = answer.html
    text = answer.text
  })

  it('row 1: is titled and headed "Server Sessions Demo"', () => {
    assert.match(html, /<title>Server Sessions Demo<\/title>/)
    assert.deepEqual(html.match(/<h1[^>]*>.*?<\/h1>/g), ['<h1>Server Sessions Demo</h1>'])
  })

  it('row 2: says how server sessions work', () => {
    assertInOrder(text, [
      'How Server Sessions Work',
      'Server sessions combine the best of both worlds: a small cookie holds just an ID, while all the actual data stays safely on the server.',
    ])
  })

  it('rows 3 to 6: draws the exchange as an ordered list of two sides', () => {
    const list = /<ol[^>]*aria-label="Logging in and opening the dashboard">.*?<\/ol>/s.exec(html)?.[0] ?? ''
    const steps = (list.match(/<li.*?<\/li>/gs) ?? []).map((step) => textOf(step).trim())
    assert.deepEqual(steps, [
      'Browser to server: POST /login username=alice, password=***',
      'On the server: Validate credentials',
      'On the server: session_start()',
      'On the server: Generate ID: "abc123"',
      'On the server: Create file: /tmp/sess_abc123',
      'On the server: Write: {user_id: 1, username: "alice"}',
      'Server to browser: Set-Cookie: PHPSESSID=abc123',
      'Browser to server: GET /dashboard Cookie: PHPSESSID=abc123',
      'On the server: session_start()',
      'On the server: Read /tmp/sess_abc123',
      'On the server: $_SESSION = {user_id: 1, username: "alice"}',
      'Server to browser: "Welcome, Alice!"',
    ])
  })

  it('row 7: has the key insight', () => {
    assert.ok(
      text.includes(
        "Key insight: The browser only knows a random ID. All sensitive data (user info, permissions, cart contents) stays on the server where it can't be tampered with.",
      ),
    )
  })

  it('row 8: compares plain cookies and server sessions', () => {
    assertInOrder(text, [
      'Why Sessions Over Plain Cookies?',
      'Plain Cookies Server Sessions',
      'Data stored in browser Data stored on server',
      '~4KB size limit Unlimited size',
      'User can view/modify data User sees only opaque ID',
      'Sent with every request (slow) Only tiny ID sent',
      'Client-side manipulation risk Server-controlled security',
    ])
  })

  it('row 9: invites to try it, with the credentials', () => {
    assertInOrder(text, [
      'Try the Demo',
      'Go to Login Page',
      'Demo credentials: Username: admin Password: secret (Or use any username with password "password" )',
    ])
    assert.match(html, /<a class="button" href="\/login">\s*Go to Login Page/)
  })

  it('row 10: shows every call in PHP and in TypeScript', () => {
    assertInOrder(text, [
      'PHP Session Functions',
      '<?php // Start or resume a session (MUST be before any output) session_start();',
      "// Store data in session $_SESSION['user_id'] = 123; $_SESSION['username'] = 'alice'; $_SESSION['role'] = 'admin';",
      "// Read session data echo $_SESSION['username']; // 'alice'",
      '// Check if key exists if (isset($_SESSION[\'user_id\'])) { echo "User is logged in"; }',
      "// Remove specific key unset($_SESSION['temp_data']);",
      '// Regenerate session ID (security - do this on login!) session_regenerate_id(true);',
      '// Destroy entire session (logout) session_destroy(); ?>',
      'TypeScript',
      'const session = await sessions.open(c)',
      'session.destroy()',
    ])
  })

  it('row 11: lists the best practices with their reasons', () => {
    assertInOrder(text, [
      'Session Security Best Practices',
      'session_regenerate_id(true) on login Prevents session fixation attacks',
      'Use HTTPS Prevents session ID interception',
      'Set httponly cookie flag Prevents JavaScript theft of session ID',
      'Set secure cookie flag Only send cookie over HTTPS',
      'Validate user agent/IP (carefully) Detect session hijacking',
    ])
  })

  it('row 12: explains the flow of the demo', () => {
    assertInOrder(text, [
      'Demo Flow',
      'login.php - Shows login form, handles authentication',
      'dashboard.php - Protected page, requires session',
      'logout.php - Destroys session, clears cookie',
    ])
  })

  it('row 13: leads to the previous and the next lesson, which are there', async () => {
    assertInOrder(text, ['Previous: Cookies', 'Next: Client Storage'])
    for (const [path, title] of [
      ['/cookies', 'Cookies'],
      ['/client-storage', 'Client Storage'],
    ] as const) {
      assert.ok(html.includes(`href="${path}"`))
      const answer = await visitor().get(path)
      assert.equal(answer.status, 200)
      assert.match(answer.html, new RegExp(`<h1>${title}</h1>`))
    }
  })

  it('draws the visitor’s own login once there was one, and the original’s drawing on demand', async () => {
    const browser = visitor()
    assert.match((await browser.get('/')).text, /PHPSESSID=abc123/)
    await browser.login('alice', 'password')
    await browser.get('/dashboard')
    const { text } = await browser.get('/')
    assert.match(text, /POST \/login .*Set-Cookie: sid-\d+=.{4}….*GET \/dashboard /)
    assert.doesNotMatch(text, /Set-Cookie: PHPSESSID/)
    const original = (await browser.get('/?diagram=example')).text
    assert.match(original, /Show my own login instead.*Set-Cookie: PHPSESSID=abc123/)
    assert.doesNotMatch(original, /Set-Cookie: sid/)
  })

  it('has all sections in the order of the original', () => {
    const headings = [...html.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map((match) => match[1])
    assert.deepEqual(headings, [
      'How Server Sessions Work',
      'Why Sessions Over Plain Cookies?',
      'Try the Demo',
      'PHP Session Functions',
      'Session Security Best Practices',
      'Demo Flow',
    ])
  })
})

describe('the neighbours', () => {
  it('row 13: /cookies sets, reads and deletes a plain cookie', async () => {
    const browser = visitor()
    await browser.post('/cookies', { do: 'set', value: 'a "duffle" coat; <b>' })
    assert.ok((await browser.get('/cookies')).text.includes('favourite=a "duffle" coat; <b>'))
    await browser.post('/cookies', { do: 'delete' })
    assert.ok((await browser.get('/cookies')).text.includes('no cookie named favourite'))
  })
})

describe('logging in', () => {
  it('row 14: shows a form with username, password and the credentials', async () => {
    const { html, text } = await visitor().get('/login')
    assert.match(html, /<form[^>]*method="post" action="\/login"/)
    assert.match(html, /<input[^>]*name="username"[^>]*autocomplete="username"/)
    assert.match(html, /<input[^>]*name="password"[^>]*type="password"[^>]*autocomplete="current-password"/)
    assert.match(html, /<button[^>]*type="submit"/)
    assertInOrder(text, ['Username: admin', 'Password: secret', 'any username with password "password"'])
  })

  it('row 15: admin logs in with secret', async () => {
    const { status, location } = await visitor().login('admin', 'secret')
    assert.deepEqual({ status, location }, { status: 303, location: '/dashboard' })
  })

  it('row 16: anyone logs in with password, admin too', async () => {
    for (const name of ['alice', 'admin', 'Ελένη', "<b>O'Brien</b>", '名'.repeat(64)]) {
      assert.equal((await visitor().login(name, 'password')).status, 303, name)
    }
  })

  it('row 17: alice gets her user_id and username into the record', async () => {
    await loggedIn('alice')
    const [, , userId, username, client] = recordOf('alice')?.split('\n') ?? []
    assert.deepEqual([userId, username], ['user_id:1', 'username:"alice"'])
    assert.match(client!, /^client:\{"agent":".*","address":".*"\}$/)
  })

  it('row 18: a wrong password keeps the name, empties the password, says so, and makes no session', async () => {
    const browser = visitor()
    await browser.get('/login')
    const before = records().length
    const { status, html, text, setCookies } = await browser.login('<alice>', 'wrong')
    assert.equal(status, 401)
    assert.match(html, /role="alert"/)
    assert.ok(text.includes('The username or the password is wrong.'))
    assert.match(html, /<input[^>]*name="username"[^>]*value="&lt;alice&gt;"/)
    assert.doesNotMatch(html.match(/<input[^>]*name="password"[^>]*>/)?.[0] ?? '', /value=/)
    assert.match(
      html,
      /<input[^>]*name="password"[^>]*autofocus[^>]*aria-invalid="true"[^>]*aria-describedby="login-error"/,
    )
    assert.deepEqual(setCookies, [])
    assert.equal(records().length, before)
    assert.equal((await browser.get('/dashboard')).location, '/login')
  })

  it('row 18: a name that is missing, too long or no text is refused, never an error of the server', async () => {
    for (const [fields, sentence] of [
      [{ username: '  ', password: 'password' }, 'Enter a username.'],
      [{ password: 'password' }, 'Enter a username.'],
      [{ username: 'x'.repeat(65), password: 'password' }, 'A username has at most 64 characters.'],
      [{ username: 'al\u0000ice', password: 'password' }, 'A username has no control characters.'],
      [{ username: 'alice', password: 'p'.repeat(5000) }, 'The username or the password is wrong.'],
    ] as const) {
      const { status, text } = await visitor().post('/login', fields as Record<string, string>)
      assert.ok(status >= 400 && status < 500)
      assert.ok(text.includes(sentence), sentence)
    }
  })

  it('row 19: the cookie is wholly new, the data stays, and the old cookie opens nothing', async () => {
    const browser = visitor()
    await browser.get('/login')
    await browser.post('/coat', { coat: 'an umbrella' })
    const old = browser.sessionCookie!
    assert.equal((await browser.login('alice', 'password')).location, '/dashboard')
    const now = browser.sessionCookie!
    assert.notEqual(now, old)
    const [start, startNow] = [old, now].map((cookie) => `${cookie.split('=')[1]!.slice(0, 4)}…`)
    const { text } = await browser.get('/dashboard')
    assert.ok(text.includes('"an umbrella"'))
    assertInOrder(text, [
      `Before login your cookie began with ${start}`,
      `now ${startNow}`,
      'The old one opens nothing',
      'it was refused',
    ])

    const thief = await visitor().get('/dashboard', { cookie: old })
    assert.deepEqual([thief.status, thief.location], [303, '/login'])
  })

  it('as somebody else ends the session before, and keeps nothing of it', async () => {
    const browser = visitor()
    await browser.post('/coat', { coat: 'a top hat' })
    await browser.login('first of two', 'password')
    const first = browser.sessionCookie!
    assert.ok((await browser.get('/login')).text.includes('You are already logged in as first of two.'))
    await browser.login('second of two', 'password')
    const { text } = await browser.get('/dashboard')
    assert.ok(text.includes('Welcome, Second of two!'))
    assert.ok(!text.includes('a top hat'))
    assert.equal(recordOf('first of two'), undefined)
    assert.equal((await visitor().get('/dashboard', { cookie: first })).location, '/login')
  })

  it('row 20: the response sets one session cookie that holds an opaque ID', async () => {
    const browser = visitor()
    await browser.get('/login')
    const { setCookies } = await browser.login('alice', 'password')
    assert.equal(setCookies.length, 1)
    assert.match(setCookies[0]!, /^sid-\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.doesNotMatch(Buffer.from(setCookies[0]!.split('=')[1]!, 'base64url').toString('latin1'), /alice|user|role/)
  })

  it('row 21: the record is there with the response, and holds no part of the cookie', async () => {
    const browser = visitor()
    await browser.login('row twenty-one', 'password')
    const record = recordOf('row twenty-one')
    assert.ok(record)
    assert.ok(!record.includes(browser.sessionCookie!.split('=')[1]!))
    assert.deepEqual(
      record.split('\n').map((line) => /^\w*/.exec(line)![0]),
      ['', '', 'user_id', 'username', 'client'],
    )
  })
})

describe('the dashboard', () => {
  it('row 22: welcomes with a capital, shows the data, and escapes any name', async () => {
    const alice = await (await loggedIn('alice')).get('/dashboard')
    assert.match(alice.html, /<h1>Welcome, Alice!<\/h1>/)
    assert.ok(alice.text.includes('username "alice"'))
    const html = (await (await loggedIn('<script>alert(1)</script>')).get('/dashboard')).html
    assert.match(html, /Welcome, &lt;script&gt;/)
    assert.doesNotMatch(html, /<script>alert/)
    assert.match((await (await loggedIn('élise')).get('/dashboard')).html, /Welcome, Élise!/)
  })

  it('row 22: shows the record as it lies in the file, without a whole hash or an absolute path', async () => {
    const { html, text } = await (await loggedIn('raw')).get('/dashboard')
    assert.match(text, /records\/[0-9a-f]{2}\/sess_[0-9a-f]{8}…/)
    assert.ok(text.includes('username:"raw"'))
    assert.ok(!html.includes(demo.directory))
    assert.doesNotMatch(html, /[0-9a-f]{40}|[\w-]{43}/)
  })

  it('row 23: is closed without a cookie, and with an unknown, malformed or destroyed one', async () => {
    const known = (await loggedIn()).sessionCookie!
    const [name, value = ''] = known.split('=')
    const browser = await loggedIn()
    const destroyed = browser.sessionCookie!
    await browser.post('/logout')
    const cookies = [
      '',
      `${name}=${'A'.repeat(64)}`,
      `${name}=../../etc/passwd`,
      `${name}=${value}%00`,
      `${name}=`,
      `${known}; ${known}`,
      destroyed,
    ]
    for (const cookie of cookies) {
      const { status, location, html } = await visitor().get('/dashboard', { cookie })
      assert.deepEqual([status, location], [303, '/login'], cookie)
      assert.doesNotMatch(html, /Welcome|alice/i)
    }
  })

  it('row 23: is closed when the session has expired', async () => {
    let now = Date.now()
    const another = await runDemo({ clock: () => now })
    try {
      const browser = new Visitor(another.url, () => now)
      await browser.login('alice', 'password')
      now += 29 * 60_000
      assert.equal((await browser.get('/dashboard')).status, 200)
      now += 29 * 60_000
      assert.equal((await browser.get('/dashboard')).status, 200)
      now += 31 * 60_000
      assert.equal((await browser.get('/dashboard')).location, '/login')
    } finally {
      await another.stop()
    }
  })

  it('row 24: a restart of the server keeps the login', async () => {
    const browser = await loggedIn('restarted')
    const { port } = new URL(demo.url)
    // Another server on the same directory. The cookie's name carries the first one's port, so the Host header does too.
    const second = await runDemo({ directory: demo.directory, store: fileStore(demo.directory) })
    try {
      const answer = await getFrom(second.url, { cookie: browser.sessionCookie!, host: `localhost:${port}` })
      assert.match(answer, /Welcome, Restarted!/)
    } finally {
      await second.stop()
    }
  })

  it('row 25: another browser is not logged in, and sees nothing of this one', async () => {
    await loggedIn('row twenty-five')
    const other = visitor()
    assert.equal((await other.get('/dashboard')).location, '/login')
    assert.ok(!(await other.get('/requests')).text.includes('POST /login'))
  })

  it('row 26: one character more or less in the cookie logs out and stores nothing', async () => {
    const browser = await loggedIn()
    const [name, value = ''] = browser.sessionCookie!.split('=')
    const before = records().length
    for (let at = 0; at < value.length; at += 7) {
      const changed = value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)
      const { location, setCookies } = await visitor().get('/dashboard', { cookie: `${name}=${changed}` })
      assert.equal(location, '/login')
      assert.ok(setCookies.every((cookie) => !cookie.startsWith(`${name}=`)))
    }
    assert.equal(records().length, before)
    assert.equal((await browser.get('/dashboard')).status, 200)
  })

  it('shows the last requests of this browser, cut, and no password', async () => {
    const browser = visitor()
    await browser.get('/login')
    await browser.login('logged', 'not-the-password')
    await browser.login('logged', 'password')
    const { html, text } = await browser.get('/dashboard')
    const cookie = browser.sessionCookie!
    const [name, value = ''] = cookie.split('=')
    assertInOrder(text, [
      'Your last requests',
      'GET /login',
      '200 OK',
      'POST /login',
      '401 Unauthorized',
      'POST /login',
      'Write record',
      '303 See Other',
      `Set-Cookie: ${name}=${value.slice(0, 4)}…; Path=/; HttpOnly; SameSite=Lax`,
      'GET /dashboard',
      `${name}=${value.slice(0, 4)}…`,
      'Read record',
    ])
    assert.ok(!html.includes(value))
    assert.ok(!html.includes(browser.jar.list().find(({ name }) => name.startsWith('viewer'))!.value))
    assert.ok(!text.includes('not-the-password'))
  })
})

describe('the functions', () => {
  async function ran(browser: Visitor, name: string, fields: Record<string, string> = {}) {
    const { status, location, setCookies } = await browser.post(`/functions/${name}`, fields)
    assert.deepEqual([status, location], [303, `/functions#${name}`])
    const { html } = await browser.get('/functions')
    const section = html.split(/(?=<section class="function")/).find((each) => each.includes(`id="${name}"`)) ?? ''
    const shown = textOf(section.slice(section.indexOf('What it did')))
    return {
      shown,
      setCookies,
      returned: /Returned (.*?) Set-Cookie/.exec(shown)?.[1],
      now: textOf(html.split('id="now"')[1]!),
    }
  }

  it('row 27: each call can be performed, and its effect on the record is seen', async () => {
    const browser = visitor()
    await browser.get('/functions')

    const start = await ran(browser, 'start')
    assert.equal(start.returned, '{ isStored: false, handle: undefined }')
    assert.deepEqual(start.setCookies, [])
    assert.ok(start.shown.includes('No record, before and after'))

    const set = await ran(browser, 'set')
    assert.match(set.setCookies.join(), /^lab-\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.match(
      set.shown,
      /The record before There is no file.*The record after.* user_id:123 username:"alice" role:"admin"/,
    )

    assert.equal((await ran(browser, 'read', { key: 'username' })).returned, "'alice'")

    const before = browser.jar.list().find(({ name }) => name.startsWith('lab'))!
    const regenerate = await ran(browser, 'regenerate')
    const after = browser.jar.list().find(({ name }) => name.startsWith('lab'))!
    assert.notEqual(after.value, before.value)
    assert.ok(regenerate.now.includes('username "alice"'))
    const old = await visitor().get('/functions', { cookie: `${before.name}=${before.value}` })
    assert.ok(old.text.includes('Nothing is stored, so you hold nothing.'))

    const destroy = await ran(browser, 'destroy')
    assert.match(destroy.setCookies.join(), /^lab-\d+=; .*Expires=Thu, 01 Jan 1970/)
    assert.match(destroy.shown, /The record after There is no file/)
    assert.ok(destroy.now.includes('no record'))
  })

  it('row 27: gives no rights, and leaves the login alone', async () => {
    const browser = visitor()
    await ran(browser, 'set')
    assert.equal((await browser.get('/dashboard')).location, '/login')
    await browser.login('alice', 'password')
    await ran(browser, 'destroy')
    assert.equal((await browser.get('/dashboard')).status, 200)
  })

  it('row 28: a session started after output gives an error that names the rule', async () => {
    const { status, text } = await visitor().get('/functions/late')
    assert.equal(status, 200)
    assertInOrder(text, [
      'It has left the server',
      'ERR_SESSION_SETTLED',
      'sessions.open() must come before the first byte of the response',
      'bytes had left by then',
      'Back to the functions',
    ])
  })

  it('row 29: isset is false for a missing key, and unset removes only that key', async () => {
    const browser = visitor()
    await ran(browser, 'set')
    await ran(browser, 'set-key', { key: 'temp_data', value: 'umbrella' })
    assert.equal((await ran(browser, 'isset', { key: 'temp_data' })).returned, 'true')
    assert.equal((await ran(browser, 'isset', { key: 'never_stored' })).returned, 'false')
    assert.equal((await ran(browser, 'isset', { key: 'constructor' })).returned, 'false')
    const { now } = await ran(browser, 'unset', { key: 'temp_data' })
    assert.ok(!now.split('Start or resume')[0]!.includes('temp_data'))
    assertInOrder(now, ['user_id', '123', 'username', '"alice"', 'role', '"admin"'])
    assert.equal((await ran(browser, 'isset', { key: 'temp_data' })).returned, 'false')
  })

  it('row 29: a key that is no word is refused beside its field', async () => {
    const { status, html } = await visitor().post('/functions/set-key', { key: '__proto__', value: 'x' })
    assert.equal(status, 422)
    assert.match(html, /role="alert" id="set-key-problem"/)
  })

  it('row 30: 100 KB survive the round trip, and the cookie stays as small', async () => {
    const browser = visitor()
    await ran(browser, 'set')
    const size = () => browser.jar.list().find(({ name }) => name.startsWith('lab'))!.value.length
    const before = size()
    await ran(browser, 'large')
    assert.equal(size(), before)
    const { returned } = await ran(browser, 'read', { key: 'large' })
    assert.match(returned ?? '', /^'coat coat .*more characters/)
    const { text } = await browser.get('/functions')
    assert.match(text, /large\s+"coat coat .*\(102,402 characters\)/)
    assert.match(text, /10[2-3],\d{3} bytes on disk/)
  })
})

describe('what the server does about', () => {
  it('row 31: scripts: the session cookie is HttpOnly, and no page has inline script', async () => {
    const { headers, html } = await visitor().get('/')
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none';.*script-src 'self'/)
    assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| style="| on\w+="/)
  })

  it('row 32: https behind a proxy it trusts: Secure and __Host-; and no header counts without that trust', async () => {
    const proxied = await runDemo({ trustProxy: ['loopback'] })
    try {
      const headers = { 'x-forwarded-proto': 'https', 'sec-fetch-site': 'same-origin' }
      const login = (url: string) =>
        new Visitor(url).post('/login', { username: 'alice', password: 'password' }, headers)
      const session = (cookies: string[]) => cookies.find((cookie) => cookie.includes('sid'))
      assert.match(
        session((await login(proxied.url)).setCookies) ?? '',
        /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      )
      assert.match(session((await login(demo.url)).setCookies) ?? '', /^sid-\d+=/)
    } finally {
      await proxied.stop()
    }
  })

  it('row 33: a changed user agent: it is reported, and not punished', async () => {
    const browser = visitor()
    await browser.post(
      '/login',
      { username: 'alice', password: 'password' },
      { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0' },
    )
    const firefox = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/141.0' }
    assert.ok(!(await browser.get('/dashboard', firefox)).text.includes('Your session has moved'))
    const { status, text } = await browser.get('/dashboard', { 'user-agent': 'curl/8.0' })
    assert.equal(status, 200)
    assert.match(
      text,
      /Your session has moved\. It was opened from Firefox on Windows at 127\.0\.0\.1 and is now used from\s+an unknown client at 127\.0\.0\.1/,
    )
  })

  it('browsers that keep no cookies: they are told why they are not logged in', async () => {
    const fromLogin = { referer: `${demo.url}/login` }
    const { location } = await visitor().get('/dashboard', fromLogin)
    assert.equal(location, '/login?cookie=missing')
    assert.match((await visitor().get(location!)).text, /your browser did not send the cookie back, because/)
    const browser = visitor()
    await browser.get('/login')
    assert.equal((await browser.get('/dashboard', fromLogin)).location, '/login')
    assert.match((await browser.get('/login?cookie=missing')).text, /Cookies arrive now/)
  })

  it('plain http to another host: the page says why there can be no session', async () => {
    const page = await getFrom(demo.url, { host: 'shop.example' }, '/login')
    assert.match(page, /ERR_INSECURE_CONNECTION/)
    assert.match(page, /plain HTTP to a host that is not this machine/)
  })

  it('forms of other sites: 403', async () => {
    const fields = { username: 'alice', password: 'password', coat: 'an umbrella', do: 'set', value: 'x', key: 'k' }
    const forms = ['/login', '/coat', '/logout', '/functions/set', '/functions/large', '/cookies', '/theme']
    const browser = await loggedIn()
    const cookies = browser.jar.list()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '' },
    ]) {
      for (const visited of [visitor(), browser]) {
        for (const path of forms) {
          const { status, html, setCookies } = await visited.post(path, fields, headers as Record<string, string>)
          assert.deepEqual([status, /<h1>.*?<\/h1>/.exec(html)?.[0]], [403, '<h1>Not from there</h1>'], path)
          assert.ok(setCookies.every((cookie) => !/^(sid|lab|theme|favourite)/.test(cookie)))
          if (path === '/login') assert.match(html, /<code>ERR_CROSS_SITE_REQUEST<\/code>/)
        }
      }
    }
    assert.deepEqual(browser.jar.list(), cookies)
    assert.match((await browser.get('/dashboard')).text, /Welcome, Alice!/)
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: demo.url }]) {
      assert.equal((await visitor().post('/login', fields, headers as Record<string, string>)).status, 303)
    }
  })

  it('forms of other sites: they cost no try', async () => {
    const browser = visitor()
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    for (let guess = 0; guess < 20; guess++) {
      assert.equal((await browser.post('/login', { username: 'no try', password: 'wrong' }, foreign)).status, 403)
    }
    assert.equal((await browser.login('no try', 'wrong')).status, 401)
    assert.equal((await browser.login('no try', 'password')).status, 303)
  })

  it('redirects: to its own pages alone', async () => {
    for (const back of ['https://evil.example', '//evil.example', '/\\evil.example', '/nowhere']) {
      assert.equal((await visitor().post('/theme', { theme: 'dark', back })).location, '/')
    }
    assert.equal((await visitor().post('/theme', { theme: 'dark', back: '/login' })).location, '/login')
  })

  it('hostile input: a page with a status, never a 500', async () => {
    const answers = [
      await visitor().get('/nothing-here'),
      await visitor().get('/%ff%00'),
      await visitor().get('/assets/../app.ts'),
      await visitor().get('/assets/%2e%2e/app.ts'),
      await visitor().get('/', { cookie: 'theme=%ff; favourite=%; viewer=x; ;=;' }),
      await visitor().get('/dashboard', { cookie: `sid=${'x'.repeat(4000)}` }),
      await visitor().post('/functions/toString'),
      await visitor().post('/login', { username: 'x'.repeat(20_000) }),
      await visitor().post('/login', {}, { 'content-type': 'multipart/form-data; boundary=x' }),
      await visitor().post('/login', {}, { 'content-type': 'application/json' }),
      await visitor().post('/cookies', { do: 'set', value: '\r\nSet-Cookie: a=b\u0000' }),
    ]
    for (const { status, html } of answers) {
      assert.ok(status < 500, String(status))
      assert.match(html || '<h1>', /<h1>/)
    }
    assert.equal(answers[0]!.status, 404)
    assert.equal(answers[7]!.status, 413)
    assert.ok(answers.at(-1)!.setCookies.every((cookie) => !cookie.startsWith('a=')))
  })

  it('a store that fails: 503, Retry-After, the cookie untouched, and nobody logged in', async () => {
    const store = fileStore(demo.directory)
    const broken = await runDemo({
      store: new Proxy(store, {
        get: (target, name) =>
          name === 'read' || name === 'write' ? () => Promise.reject(new Error('no disk')) : Reflect.get(target, name),
      }),
      directory: demo.directory,
    })
    try {
      const browser = new Visitor(broken.url)
      for (const answer of [
        await browser.login('alice', 'password'),
        await browser.get('/dashboard', { cookie: `sid-${new URL(broken.url).port}=${'A'.repeat(64)}` }),
      ]) {
        assert.equal(answer.status, 503)
        assert.ok(Number(answer.headers.get('retry-after')) > 0)
        assert.match(answer.text, /The cloakroom is closed/)
        assert.doesNotMatch(answer.text, /no disk|Welcome/)
        assert.ok(answer.setCookies.every((cookie) => !cookie.startsWith('sid')))
      }
    } finally {
      await broken.stop()
    }
  })

  it('many logins at once: 503 with Retry-After when too many wait, and none of them is lost', async () => {
    const small = await runDemo({ hashing: { atOnce: 1, waiting: 2 } })
    try {
      const logins = Array.from({ length: 12 }, (_, index) =>
        new Visitor(small.url).login(`visitor${index}`, 'password'),
      )
      const answers = await Promise.all(logins)
      const busy = answers.filter(({ status }) => status === 503)
      assert.ok(busy.length > 0)
      assert.ok(busy.every(({ headers }) => Number(headers.get('retry-after')) > 0))
      assert.ok(answers.every(({ status }) => status === 303 || status === 503))
    } finally {
      await small.stop()
    }
  })

  it('guessing: 429 with Retry-After, while the real admin gets in from elsewhere', async () => {
    const attacked = await runDemo()
    try {
      const guesses = await Promise.all(
        Array.from({ length: 40 }, (_, index) => new Visitor(attacked.url).login('admin', `guess ${index}`)),
      )
      assert.equal(guesses.filter(({ status }) => status === 401).length, 5)
      const refused = guesses.find(({ status }) => status === 429)!
      assert.ok(Number(refused.headers.get('retry-after')) > 0)
      assert.match(refused.html, /role="alert"/)
      assert.match(refused.text, /Too many tries from here/)
      assert.equal((await new Visitor(attacked.url).login('admin', 'secret')).status, 429)
      assert.equal(await loginFrom('127.0.0.2', attacked.url, 'username=admin&password=secret'), 303)
    } finally {
      await attacked.stop()
    }
  })
})

describe('logging out', () => {
  it('row 34: deletes the record, expires the cookie, and says so', async () => {
    const browser = await loggedIn('row thirty-four')
    const name = browser.sessionCookie!.split('=')[0]
    const { status, location, setCookies } = await browser.post('/logout')
    assert.deepEqual([status, location], [303, '/logout'])
    assert.deepEqual(
      setCookies.filter((cookie) => cookie.startsWith('sid')),
      [`${name}=; Path=/; HttpOnly; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT`],
    )
    assert.equal(recordOf('row thirty-four'), undefined)
    assertInOrder((await browser.get('/logout')).text, [
      'You are logged out',
      'What happened',
      'POST /logout',
      'Delete record',
    ])
  })

  it('row 35: a saved copy of the cookie is refused', async () => {
    const browser = await loggedIn()
    const copy = browser.sessionCookie!
    await browser.post('/logout')
    assert.equal((await visitor().get('/dashboard', { cookie: copy })).location, '/login')
  })

  it('row 36: the dashboard redirects to the login, and no cache may keep it', async () => {
    const browser = await loggedIn()
    assert.equal((await browser.get('/dashboard')).headers.get('cache-control'), 'no-store')
    await browser.post('/logout')
    assert.deepEqual(
      [(await browser.get('/dashboard')).status, (await browser.get('/dashboard')).location],
      [303, '/login'],
    )
  })

  it('row 37: twice is harmless', async () => {
    const browser = await loggedIn()
    await browser.post('/logout')
    assert.equal((await browser.post('/logout')).status, 303)
    assert.equal((await browser.get('/logout')).status, 200)
    assert.equal((await visitor().post('/logout')).status, 303)
  })

  it('row 38: by GET it only asks', async () => {
    const browser = await loggedIn()
    const { text, html } = await browser.get('/logout')
    assert.ok(text.includes('Log out?'))
    assert.match(html, /<form[^>]*method="post" action="\/logout"/)
    assert.equal((await browser.get('/dashboard')).status, 200)
  })

  it('row 39: the three names of the original lead to their pages', async () => {
    for (const name of ['login', 'dashboard', 'logout']) {
      const { status, location } = await visitor().get(`/${name}.php`)
      assert.deepEqual([status, location], [308, `/${name}`])
    }
  })
})

/** With a Host header of our own, which `fetch` does not allow. */
function getFrom(url: string, headers: Record<string, string>, path = '/dashboard'): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url + path, { headers }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve(Buffer.concat(chunks).toString())
    })
      .on('error', reject)
      .end()
  })
}

/** From another address of this machine. */
function loginFrom(localAddress: string, url: string, body: string): Promise<number | undefined> {
  const { port } = new URL(url)
  const headers = { 'content-type': 'application/x-www-form-urlencoded', host: `localhost:${port}`, origin: url }
  return new Promise((resolve, reject) => {
    const login = request(
      { host: '127.0.0.1', port, localAddress, path: '/login', method: 'POST', headers },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    login.on('error', reject).end(body)
  })
}
