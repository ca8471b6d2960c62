import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { php, phpBinary } from './formats.ts'
import { changeSetting, type PhpSettings, readSettings } from './ini-settings.ts'

describe('the settings', () => {
  it('are PHP’s own by default', () => {
    const { lastModified, ...settings } = readSettings({})
    assert.ok(lastModified instanceof Date)
    assert.deepEqual(settings, {
      name: 'PHPSESSID',
      serializeHandler: php,
      useStrictMode: false,
      useCookies: true,
      useOnlyCookies: true,
      cookieLifetime: 0,
      cookiePath: '/',
      cookieDomain: '',
      cookieSecure: false,
      cookieHttponly: false,
      cookieSamesite: '',
      cacheLimiter: 'nocache',
      cacheExpire: 180,
      gcProbability: 1,
      gcDivisor: 100,
      sidLength: 32,
      sidBitsPerCharacter: 4,
      lazyWrite: true,
    })
  })

  for (const [given, message] of [
    [{ cookieLifeTime: 1 }, /no option cookieLifeTime/],
    [{ cookieSecure: 1 }, /cookieSecure must be a boolean, got number/],
    [{ cookieLifetime: -1 }, /cookieLifetime must be a whole number, not negative, got -1/],
    [{ cacheExpire: 1.5 }, /cacheExpire must be a whole number/],
    [{ useOnlyCookies: false }, /useOnlyCookies must be true/],
    [{ name: '12' }, /name: session.name "12" cannot be numeric or empty/],
    [{ name: '' }, /name: .*empty/],
    [{ name: 'connect.sid' }, /name: session.name cannot contain any of/],
    [{ sidLength: 21 }, /sidLength: .*between 22 and 256/],
    [{ sidBitsPerCharacter: 7 }, /sidBitsPerCharacter: .*between 4 and 6/],
  ] as const) {
    it(`refuse ${JSON.stringify(given)}`, () => {
      assert.throws(() => readSettings(given as PhpSettings), { name: 'TypeError', message })
    })
  }
})

describe('changing a setting by PHP’s name', () => {
  const change = (name: string, text: string) => {
    const settings = readSettings({})
    return { answer: changeSetting(settings, name, text), settings }
  }

  it('reads flags as PHP does', () => {
    const flags = ['1', 'on', 'YES', 'true', '2', '', '0', 'off', 'no', 'nonsense']
    assert.deepEqual(
      flags.map((text) => change('cookie_secure', text).settings.cookieSecure),
      [true, true, true, true, true, false, false, false, false, false],
    )
  })

  it('reads numbers as PHP does', () => {
    const numbers = ['60', ' 60', '1k', '-0', '5 apples', 'none']
    assert.deepEqual(
      numbers.map((text) => change('cookie_lifetime', text).settings.cookieLifetime),
      [60, 60, 1024, -0, 5, 0],
    )
  })

  it('takes a serialize handler by its name', () => {
    assert.equal(change('serialize_handler', 'php_binary').settings.serializeHandler, phpBinary)
    assert.deepEqual(change('serialize_handler', 'igbinary').answer, {
      warning: 'Serialization handler "igbinary" cannot be found',
    })
  })

  it('leaves a setting as it was where it is refused', () => {
    const { answer, settings } = change('cookie_lifetime', '-1')
    assert.deepEqual([answer, settings.cookieLifetime], [{ warning: 'CookieLifetime cannot be negative' }, 0])
  })

  it('knows no others', () => {
    for (const name of ['nonsense', 'save_path', 'gc_maxlifetime', 'use_only_cookies', 'constructor', 'cookieSecure'])
      assert.equal(change(name, '1').answer, false, name)
  })
})
