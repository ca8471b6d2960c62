import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { codec, Sessions, type SessionsOptions, type Store } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { fileStore } from 'coatcheck/stores/file'
import { cookieJar } from 'coatcheck/testing'
import { type Context, Hono } from 'hono'
import type { LabData } from '../seed-functions.ts'
import { functionGroups } from './index.ts'
import type { LabRequest, SessionFunction } from './session-function.ts'

// The samples are TypeScript that is JavaScript too.
const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...given: unknown[]) => Promise<unknown>

const inAHandler = '// in a handler\n'
const all = functionGroups.flatMap(({ functions }) => functions)

describe('PHP’s session functions', () => {
  it('are all there, each once', () => {
    assert.deepEqual(all.map(({ name }) => name).sort(), [
      'session_abort',
      'session_cache_expire',
      'session_cache_limiter',
      'session_commit',
      'session_create_id',
      'session_decode',
      'session_destroy',
      'session_encode',
      'session_gc',
      'session_get_cookie_params',
      'session_id',
      'session_module_name',
      'session_name',
      'session_regenerate_id',
      'session_register_shutdown',
      'session_reset',
      'session_save_path',
      'session_set_cookie_params',
      'session_set_save_handler',
      'session_start',
      'session_status',
      'session_unset',
      'session_write_close',
    ])
  })

  it('have an equivalent that runs, or say that there is none', () => {
    for (const { name, native, typescript, run, note, php } of all) {
      const isThere = run !== undefined
      assert.deepEqual([native !== undefined, typescript !== undefined], [isThere, isThere], name)
      assert.equal(note.startsWith('No equivalent: '), !isThere, name)
      assert.match(php, new RegExp(`\\b${name}\\(`), name)
    }
  })

  it('are in the list in words that their text has', () => {
    for (const { name, native = '', typescript = '', note } of all) {
      for (const word of native.match(/[a-z]\w+/gi) ?? []) {
        assert.ok(`${typescript} ${note} fn text`.includes(word), `${name}: ${word}`)
      }
    }
  })
})

describe('the TypeScript beside each session function', () => {
  let directory: string
  let store: Store

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-texts-'))
    store = fileStore(directory)
  })
  after(async () => {
    await store.close?.()
    rmSync(directory, { recursive: true, force: true })
  })

  interface Made {
    sessions: Sessions<LabData>
    calls: string[]
  }

  const base: SessionsOptions<LabData> = { store: undefined as never, cookie: { name: 'lab' }, initial: () => ({}) }

  /** The text before the handler makes the `Sessions`, where there is one. */
  async function madeByText(text: string): Promise<Made> {
    const [making, body] = text.split(inAHandler)
    if (body === undefined) return { sessions: new Sessions<LabData>({ ...base, store }), calls: [] }
    const make = new AsyncFunction(
      'Sessions',
      'store',
      `${making}\nreturn { sessions, calls: typeof calls === 'undefined' ? [] : calls }`,
    )
    return (await make(Sessions, store)) as Made
  }

  function madeByRow({ options }: SessionFunction): Made {
    const calls: string[] = []
    return { sessions: new Sessions<LabData>({ ...base, store, ...options?.(store, calls) }), calls }
  }

  function bodyOf(text: string): (lab: LabRequest) => Promise<unknown> {
    const source = (text.split(inAHandler).at(-1) ?? '').replaceAll(/^import .*\n/gm, '').split('\n')
    // The last statement of several lines begins where the others' indentation ends.
    const last = source.findLastIndex((line) => /^(?![\s})])/.test(line))
    if (!/^(for|throw)\b/.test(source[last] ?? '')) source[last] = `return ${source[last]}`
    const opens = source.some((line) => line.includes('sessions.open('))
    const body = [...(opens ? [] : ['const session = await sessions.open(c)']), ...source].join('\n')
    const run = new AsyncFunction('c', 'sessions', 'store', 'calls', 'codec', body)
    return ({ c, sessions, store, calls }) => run(c, sessions, store, calls, codec)
  }

  /** A visitor with some data makes the call: what comes of it, in the response and in the session. */
  async function outcome({ sessions, calls }: Made, call: (lab: LabRequest) => Promise<unknown>, throws: boolean) {
    const jar = cookieJar()
    const filling = new Sessions<LabData>({ ...base, store })
    const app = new Hono()
    app.post('/fill', coatcheck(filling), async (c) => {
      Object.assign((await filling.open(c)).data, { user_id: 123, username: 'alice', coat: 'cape' })
      return c.text('')
    })
    app.get('/look', coatcheck(filling), async (c) => c.json((await filling.open(c, { mode: 'read-only' })).data))
    let returned: unknown
    app.post('/call', coatcheck(sessions), async (c: Context) => {
      returned = await call({ c, sessions, store, calls })
      return c.text('')
    })
    app.onError((error, c) => c.text(String(error), 500))
    const url = 'http://localhost:3000'
    const ask = async (path: string, method: string) => {
      const response = await app.request(`${url}${path}`, { method, headers: { cookie: jar.header(url) ?? '' } })
      jar.accept(url, response.headers.getSetCookie())
      return response
    }
    await ask('/fill', 'POST')
    const response = await ask('/call', 'POST')
    const result = {
      returned,
      status: response.status,
      said: throws ? await response.text() : '',
      cookies: response.headers.getSetCookie().map((line) => line.replace(/=[\w-]{64};/, '=…;')),
      cache: response.headers.get('cache-control'),
      data: (await (await ask('/look', 'GET')).json()) as LabData,
    }
    await Promise.all([sessions.close(), filling.close()])
    return result
  }

  for (const row of all.filter(({ run }) => run)) {
    const { name, typescript = '', run = async () => {}, throws = false } = row
    it(`${name}: does what its button does`, async () => {
      const byText = await outcome(await madeByText(typescript), bodyOf(typescript), throws)
      const byButton = await outcome(madeByRow(row), run, throws)
      if (name === 'session_id') {
        for (const each of [byText, byButton]) {
          assert.match(String(each.returned), /^s_[\w-]{12}$/)
          each.returned = 's_…'
        }
      }
      assert.equal(byText.status, throws ? 500 : 200)
      assert.deepEqual(byText, byButton)
    })
  }
})
