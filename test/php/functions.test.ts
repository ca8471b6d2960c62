import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter, once } from 'node:events'
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { describe, it, mock, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import {
  $_SESSION,
  PHP_SESSION_ACTIVE,
  PHP_SESSION_NONE,
  type PhpSession,
  type PhpWarning,
  type SaveHandler,
  session_abort,
  session_cache_limiter,
  session_decode,
  session_destroy,
  session_id,
  session_module_name,
  session_name,
  session_regenerate_id,
  session_save_path,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  session_status,
  session_unset,
  session_write_close,
} from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { hosts } from '../http/hosts.ts'
import { served } from './functions-application.ts'

declare module 'coatcheck/php' {
  interface SessionVariables {
    hats?: string[]
  }
}

const counter = async (): Promise<string> => {
  await session_start()
  $_SESSION.n = Number($_SESSION.n ?? 0) + 1
  return String($_SESSION.n)
}

/** A save handler in front of another one, which writes down what is stored and how. */
function recording(inner: SaveHandler, calls: string[]): SaveHandler {
  return {
    name: inner.name,
    savePath: inner.savePath,
    exists: (id) => inner.exists(id),
    collectGarbage: () => inner.collectGarbage(),
    async open(id, options) {
      const open = await inner.open(id, options)
      const record = (call: string) => void calls.push(call)
      return {
        bytes: open.bytes,
        write: (bytes) => open.write(bytes).then(() => record('write')),
        touch: () => open.touch().then(() => record('touch')),
        destroy: () => open.destroy().then(() => record('destroy')),
        close: () => open.close(),
      }
    },
  }
}

/** What is published while the test runs. */
function warningsOf(t: TestContext): PhpWarning[] {
  const warnings: PhpWarning[] = []
  const listen = (message: unknown): void => void warnings.push(message as PhpWarning)
  subscribe('coatcheck:php-warning', listen)
  t.after(() => unsubscribe('coatcheck:php-warning', listen))
  return warnings
}

for (const host of Object.keys(hosts)) {
  describe(`the session_* functions on ${host}`, () => {
    it('keep a session from request to request', async (t) => {
      const { ask, files } = await served(t, host, counter)
      const first = await ask()
      const [line = ''] = first.setCookies
      assert.match(line, /^PHPSESSID=[0-9a-f]{32}; path=\/$/)
      const [cookie = ''] = line.split(';')
      const second = await ask(cookie)
      assert.deepEqual([first.body, second.body, second.setCookies], ['1', '2', []])
      assert.deepEqual(files(), { [cookie.replace('PHPSESSID=', 'sess_')]: 'n|i:2;' })
    })

    it('cost a page nothing that starts no session', async (t) => {
      const { ask, files } = await served(t, host, async () => 'plain')
      const { headers } = await ask('PHPSESSID=abc')
      const names = ['set-cookie', 'cache-control', 'expires', 'pragma', 'vary']
      assert.deepEqual([names.map((name) => headers.get(name)), files()], [names.map(() => null), {}])
    })

    it('send caching headers in place of the application’s, and the cookie beside its cookies', async (t) => {
      const { ask } = await served(t, host, async () => {
        await session_start()
        const headers = {
          'cache-control': 'public, max-age=1',
          expires: '0',
          pragma: 'x',
          'set-cookie': 'a=b',
          vary: 'X',
        }
        return { headers, body: '' }
      })
      const { headers, setCookies } = await ask()
      assert.deepEqual(
        ['cache-control', 'expires', 'pragma', 'vary'].map((name) => headers.get(name)),
        ['no-store, no-cache, must-revalidate', 'Thu, 19 Nov 1981 08:52:00 GMT', 'no-cache', 'X'],
      )
      assert.deepEqual(
        setCookies.map((line) => line.split('=')[0]),
        ['a', 'PHPSESSID'],
      )
    })

    it('leave the application’s own alone where the limiter is off', async (t) => {
      const { ask } = await served(t, host, async () => {
        session_cache_limiter('')
        await session_start()
        return { headers: { 'cache-control': 'public, max-age=1' }, body: '' }
      })
      const { headers } = await ask()
      assert.deepEqual([headers.get('cache-control'), headers.get('expires')], ['public, max-age=1', null])
    })

    it('never show one request the session of another', async (t) => {
      const { ask } = await served(t, host, async ({ query }) => {
        const visitor = query.get('visitor')!
        const wrong: string[] = []
        const look = (when: string): void => {
          if ($_SESSION.visitor !== visitor) wrong.push(`${when}: ${$_SESSION.visitor} for ${visitor}`)
        }
        await wait(Math.random() * 3)
        await session_start()
        $_SESSION.visitor ??= visitor
        look('started')
        await Promise.all(
          [1, 2, 3].map(async (each) => {
            await wait(Math.random() * 3)
            look(`branch ${each}`)
          }),
        )
        await new Promise<void>((resolve) => setImmediate(() => resolve(look('in a callback'))))
        if (Math.random() < 0.5) await session_regenerate_id(true)
        look('regenerated')
        $_SESSION.count = Number($_SESSION.count ?? 0) + 1
        if (Math.random() < 0.5) await session_write_close()
        await wait(Math.random() * 3)
        look('at the end')
        return JSON.stringify({ wrong, count: $_SESSION.count })
      })
      const visitors = Array.from({ length: 25 }, (_, index) => `v${index}`)
      await Promise.all(
        visitors.map(async (visitor) => {
          let cookie = ''
          for (let round = 1; round <= 6; round++) {
            const { body, setCookies } = await ask(cookie, `/?visitor=${visitor}`)
            assert.deepEqual(JSON.parse(body), { wrong: [], count: round })
            if (setCookies[0]) cookie = setCookies[0].split(';')[0]!
          }
        }),
      )
    })

    it('store what a handler has changed that throws, as PHP does', async (t) => {
      const error = mock.method(console, 'error', () => {})
      // Express reports what it answered a moment later.
      t.after(() => new Promise<void>((resolve) => setImmediate(() => resolve(error.mock.restore()))))
      const { ask, files } = await served(t, host, async () => {
        await session_start()
        $_SESSION.n = 1
        throw new Error('wrong')
      })
      const { status, setCookies } = await ask()
      assert.deepEqual([status, setCookies.length, Object.values(files())], [500, 1, ['n|i:1;']])
    })

    it('fail the response when the session can’t be stored, and leave the stored one as it was', async (t) => {
      const { ask, files } = await served(t, host, async ({ query }) => {
        await session_start()
        $_SESSION[query.get('name')!] = 'x'
        return 'fine'
      })
      const [cookie = ''] = (await ask(undefined, '/?name=a')).setCookies[0]!.split(';')
      const before = files()
      const { status, body, setCookies } = await ask(cookie, '/?name=b|c')
      assert.match(body, /ERR_SESSION_DATA/)
      assert.deepEqual([status, setCookies, files()], [500, [], before])
    })
  })
}

describe('the session_* functions', () => {
  it('say what is wrong outside of a request', () => {
    const error = { name: 'TypeError', message: /^session_status\(\) was used outside of a request\. Wrap/ }
    assert.throws(() => session_status(), error)
    assert.throws(() => session_start(), /^TypeError: session_start\(\) was used outside of a request/)
    assert.throws(() => $_SESSION.n, /^TypeError: \$_SESSION was used outside of a request/)
    assert.throws(() => {
      $_SESSION.n = 1
    }, /outside of a request/)
    assert.match(inspect($_SESSION), /outside of a request/)
  })

  it('are not found by what belongs to no request; the object is, for code that has the request in hand', async (t) => {
    const elsewhere = new EventEmitter()
    const clock = setInterval(() => elsewhere.emit('tick'), 1)
    t.after(() => clearInterval(clock))
    const { ask } = await served(t, 'node', async ({ request }, php) => {
      await session_start()
      $_SESSION.n = 5
      const seen = new Promise<unknown>((resolve) => {
        elsewhere.once('tick', () => {
          assert.throws(() => $_SESSION.n, /outside of a request/)
          const session: PhpSession = php.open(request)
          session.data.m = 6
          resolve([session.data.n, session.status()])
        })
      })
      return JSON.stringify([await seen, $_SESSION.m, php.open(request).id() === session_id()])
    })
    assert.equal((await ask()).body, `[[5,${PHP_SESSION_ACTIVE}],6,true]`)
  })

  for (const host of ['node', 'express']) {
    it(`are found by listeners for the body, on ${host}`, async (t) => {
      const { url } = await served(t, host, async ({ request }) => {
        const body = request as IncomingMessage
        await session_start()
        const seen: string[] = []
        body.on('data', (part) => seen.push(`${part} ${session_status()}`))
        await new Promise<void>((resolve) => body.on('end', () => resolve(void seen.push(`end ${session_status()}`))))
        return seen.join()
      })
      const asked = request(url, { method: 'POST' })
      asked.write('a')
      await wait(20)
      asked.end('b')
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      assert.deepEqual(String((await response.toArray())[0]), 'a 2,b 2,end 2')
    })
  }

  for (const [lazyWrite, stored] of [
    [true, 'touch'],
    [false, 'write'],
  ] as const) {
    it(`${stored} what has not changed, with lazyWrite ${lazyWrite}`, async (t) => {
      const calls: string[] = []
      const { ask, folder } = await served(
        t,
        'node',
        async ({ query }) => {
          session_set_save_handler(recording(phpFiles({ savePath: folder }), calls))
          await session_start()
          if (query.has('n')) $_SESSION.n = query.get('n')
          return ''
        },
        { lazyWrite },
      )
      for (const path of ['/?n=1', '/', '/?n=1', '/?n=2']) await ask('PHPSESSID=abc', path)
      assert.deepEqual(calls, ['write', stored, stored, 'write'])
    })
  }

  it('refuse a request that did not pass through the adapter', async (t) => {
    const { ask } = await served(t, 'node', async (_visit, php) => {
      assert.throws(() => php.open({}), { name: 'TypeError', message: /did not pass through coatcheck\(php\)/ })
      return 'checked'
    })
    assert.equal((await ask()).body, 'checked')
  })

  it('warn after the response has begun, and lose what is changed then', async (t) => {
    const warnings = warningsOf(t)
    let late: Promise<unknown> | undefined
    const { ask, files } = await served(t, 'node', async () => {
      await session_start()
      $_SESSION.n = 1
      late = wait(50).then(async () => {
        const answers = [
          await session_start(),
          await session_regenerate_id(),
          session_id('x'),
          await session_write_close(),
        ]
        $_SESSION.n = 2
        return [answers, session_status(), { ...$_SESSION }]
      })
      return 'sent'
    })
    assert.equal((await ask()).body, 'sent')
    assert.deepEqual(await late, [[false, false, false, false], PHP_SESSION_NONE, { n: 2 }])
    assert.deepEqual(Object.values(files()), ['n|i:1;'])
    assert.deepEqual(
      warnings.map(({ code, message }) => `${code}: ${message}`),
      [
        'headers-sent: session_start(): Session cannot be started after headers have already been sent',
        'inactive: session_regenerate_id(): Session ID cannot be regenerated when there is no active session',
        'headers-sent: session_id(): Session ID cannot be changed after headers have already been sent',
      ],
    )
  })

  it('take their turns where nobody awaits them', async (t) => {
    const warnings = warningsOf(t)
    const { ask, files } = await served(t, 'node', async () => {
      const started = [session_start(), session_start()]
      await started[0]
      $_SESSION.n = 1
      void session_regenerate_id(true)
      void session_write_close()
      assert.deepEqual(await Promise.all(started), [true, true])
      return 'sent'
    })
    const { setCookies } = await ask()
    const [name = ''] = setCookies[0]!.split(';')
    assert.deepEqual([setCookies.length, files()], [1, { [name.replace('PHPSESSID=', 'sess_')]: 'n|i:1;' }])
    assert.deepEqual(
      warnings.map(({ level, code }) => [level, code]),
      [['notice', 'active']],
    )
  })

  it('close a session once: then nothing is stored any more', async (t) => {
    const { ask, files } = await served(t, 'node', async () => {
      await session_start()
      $_SESSION.n = 1
      const first = await session_write_close()
      $_SESSION.n = 2
      return JSON.stringify([first, await session_write_close(), await session_abort(), session_unset(), $_SESSION.n])
    })
    assert.equal((await ask()).body, '[true,false,false,false,2]')
    assert.deepEqual(Object.values(files()), ['n|i:1;'])
  })

  it('keep a session that can’t be decoded', async (t) => {
    const warnings = warningsOf(t)
    const { ask, files, folder } = await served(t, 'node', async () => {
      const isStarted = await session_start()
      $_SESSION.n = 1
      return JSON.stringify([isStarted, session_status(), session_id()])
    })
    writeFileSync(join(folder, 'sess_abc'), 'n|i:1;x')
    const { status, body, setCookies } = await ask('PHPSESSID=abc')
    assert.deepEqual([status, body, setCookies, files()], [200, '[false,1,""]', [], { sess_abc: 'n|i:1;x' }])
    assert.deepEqual(
      warnings.map(({ code, function: name }) => [code, name]),
      [['undecodable', 'session_start']],
    )
  })

  it('answer 503 where the sessions can’t be reached, and take no session for an empty one', async (t) => {
    const { ask, folder } = await served(t, 'node', counter)
    const [cookie] = (await ask()).setCookies[0]!.split(';')
    rmSync(folder, { recursive: true })
    const { status, body, setCookies } = await ask(cookie)
    assert.match(body, /ERR_STORE_UNAVAILABLE/)
    assert.deepEqual([status, setCookies], [503, []])
  })

  it('fail the response too where a handler swallows that nothing was stored', async (t) => {
    const { ask } = await served(t, 'node', async () => {
      await session_start()
      $_SESSION.run = () => {}
      await session_write_close().catch(() => {})
      return 'fine'
    })
    assert.equal((await ask()).status, 500)
  })

  it('end the session under a former id when the new one is stored, and not before', async (t) => {
    const { ask, files } = await served(t, 'node', async ({ query }) => {
      await session_start()
      const id = session_id()
      if (query.has('regenerate')) await session_regenerate_id(true)
      if (query.has('fail')) $_SESSION['a|b'] = 1
      $_SESSION.n = Object.keys(files()).includes(`sess_${id}`)
      return 'fine'
    })
    const [cookie = ''] = (await ask()).setCookies[0]!.split(';')
    const old = cookie.replace('PHPSESSID=', 'sess_')
    const failed = await ask(cookie, '/?regenerate&fail')
    assert.deepEqual([failed.status, failed.setCookies, files()[old]], [500, [], 'n|b:1;'])
    const { setCookies } = await ask(cookie, '/?regenerate')
    const name = setCookies[0]!.split(';')[0]!.replace('PHPSESSID=', 'sess_')
    assert.deepEqual([name in files(), old in files(), files()[name]], [true, false, 'n|b:1;'])
  })

  it('leave the session as it is when what should be decoded is none', async (t) => {
    const { ask, files } = await served(t, 'node', async () => {
      await session_start()
      $_SESSION.n = 1
      const answers = [session_decode('m|i:2;n|i:'), session_status(), session_decode('m|i:2;')]
      return JSON.stringify([answers, $_SESSION])
    })
    assert.equal((await ask()).body, '[[false,2,true],{"n":1,"m":2}]')
    assert.deepEqual(Object.values(files()), ['n|i:1;m|i:2;'])
  })

  it('refuse what is the save handler’s own, ids in addresses, and names that PHP can’t read', async (t) => {
    const warnings = warningsOf(t)
    const { ask } = await served(t, 'node', async () => {
      const setters = [session_save_path('/elsewhere'), session_module_name('redis'), session_name('a.b')]
      return JSON.stringify([setters, await session_start({ use_only_cookies: 0, gc_maxlifetime: 1 }), session_name()])
    })
    assert.equal((await ask()).body, '[[false,false,"PHPSESSID"],true,"PHPSESSID"]')
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [
        'session_save_path(): The save path is the save handler’s own: set another save handler',
        'session_module_name(): Session handler module "redis" cannot be found',
        "session_name(): session.name cannot contain any of the following '=,;.[ \\t\\r\\n\\013\\014'",
        'session_start(): Setting option "use_only_cookies" failed',
        'session_start(): Setting option "gc_maxlifetime" failed',
      ],
    )
  })

  it('throw what PHP throws', async (t) => {
    const { ask } = await served(t, 'node', async () => {
      await assert.rejects(session_start({ cookie_lifetime: 1.5 }), {
        name: 'TypeError',
        message: 'session_start(): Option "cookie_lifetime" must be of type string|int|bool, float given',
      })
      assert.throws(() => session_set_cookie_params({}), {
        name: 'RangeError',
        message: 'session_set_cookie_params(): Argument #1 ($lifetime_or_options) must contain at least 1 valid key',
      })
      assert.throws(() => session_module_name('user'), {
        name: 'RangeError',
        message: 'session_module_name(): Argument #1 ($module) cannot be "user"',
      })
      assert.throws(() => session_set_save_handler(null as never), { name: 'TypeError', message: /null given/ })
      return 'thrown'
    })
    assert.equal((await ask()).body, 'thrown')
  })

  it('let an empty session live on while it is used', async (t) => {
    const { ask, folder } = await served(t, 'node', async () => String(await session_start()))
    const file = join(folder, 'sess_abc')
    writeFileSync(file, '')
    utimesSync(file, Date.now() / 1000 - 1000, Date.now() / 1000 - 1000)
    await ask('PHPSESSID=abc')
    assert.ok(Date.now() - statSync(file).mtimeMs < 900_000)
  })

  it('replace an id that nobody was given, in strict mode', async (t) => {
    const { ask, files } = await served(t, 'node', counter, { useStrictMode: true })
    const { setCookies } = await ask('PHPSESSID=chosen')
    assert.match(setCookies[0] ?? '', /^PHPSESSID=[0-9a-f]{32};/)
    assert.equal('sess_chosen' in files(), false)
  })

  it('destroy the stored session and leave what is in memory', async (t) => {
    const { ask, files } = await served(t, 'node', async ({ query }) => {
      await session_start()
      $_SESSION.n = 1
      return JSON.stringify(query.has('out') ? [await session_destroy(), session_id(), $_SESSION.n] : [])
    })
    const [cookie] = (await ask()).setCookies[0]!.split(';')
    const { body, setCookies } = await ask(cookie, '/?out')
    assert.deepEqual([body, setCookies, files()], ['[true,"",1]', [], {}])
  })

  it('let go of a session that a handler keeps too long, and store nothing of it', async (t) => {
    const others = new EventEmitter()
    const { ask, files } = await served(
      t,
      'node',
      async ({ query }) => {
        const next = query.has('slow') ? new Promise((resolve) => others.once('done', resolve)) : undefined
        await session_start()
        $_SESSION.n = next ? 'slow' : 'fast'
        if (next) others.emit('started')
        await next
        return 'fine'
      },
      { maxHold: '50ms' },
    )
    const started = new Promise((resolve) => others.once('started', resolve))
    const slow = ask('PHPSESSID=abc', '/?slow')
    await started
    assert.equal((await ask('PHPSESSID=abc')).body, 'fine')
    others.emit('done')
    const { status, body } = await slow
    assert.match(body, /ERR_SESSION_CONFLICT/)
    assert.deepEqual([status, files()], [409, { sess_abc: 'n|s:4:"fast";' }])
  })

  it('know the types that an application says', async (t) => {
    const { ask, files } = await served(t, 'node', async () => {
      await session_start()
      $_SESSION.hats ??= []
      $_SESSION.hats.push('bowler')
      // @ts-expect-error: they are strings
      $_SESSION.hats = [1]
      $_SESSION.hats = ['fez']
      return $_SESSION.hats.join()
    })
    assert.equal((await ask()).body, 'fez')
    assert.deepEqual(Object.values(files()), ['hats|a:1:{i:0;s:3:"fez";}'])
  })

  it('take nobody’s turn who has gone away meanwhile', async (t) => {
    const gone: Promise<unknown>[] = []
    const { folder, url, ask } = await served(t, 'node', async () => {
      const starting = session_start()
      gone.push(starting.catch((error: unknown) => error))
      await starting
      return 'in'
    })
    const held = await phpFiles({ savePath: folder }).open('abc')
    const client = request(url, { headers: { cookie: 'PHPSESSID=abc' } }).on('error', () => {})
    client.end()
    while (gone.length === 0) await wait(2)
    client.destroy()
    // While the session is still held, and long before anyone gives up waiting.
    assert.match(String(await gone[0]), /the client has gone/)
    await held.close()
    assert.equal((await ask('PHPSESSID=abc')).body, 'in')
  })

  it('let one request in after the other', async (t) => {
    const { ask, files } = await served(t, 'node', async () => {
      await session_start()
      const n = Number($_SESSION.n ?? 0)
      await wait(2)
      $_SESSION.n = n + 1
      return ''
    })
    const [cookie] = (await ask()).setCookies[0]!.split(';')
    await Promise.all(Array.from({ length: 20 }, () => ask(cookie)))
    assert.deepEqual(Object.values(files()), ['n|i:21;'])
  })
})
