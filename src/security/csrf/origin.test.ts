import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Exchange } from '../../core/exchange.ts'
import { checkTrustedOrigins, sourceOf } from './origin.ts'

const trusted = checkTrustedOrigins(['https://pay.example', 'https://MÜNCHEN.example:443', 'http://localhost:5173'])
const long = (length: number) => `https://${'a'.repeat(length)}.example`

function request(
  headers: { readonly [name: string]: string },
  { secure = true, host = 'shop.example' } = {},
): Exchange {
  return { method: 'POST', header: (name) => headers[name], secure, host, isAborted: false, onClose() {} }
}

describe('where a request comes from, told by its headers', () => {
  const site = (value: string, more = {}) => ({ 'sec-fetch-site': value, ...more })
  for (const [headers, source] of [
    // Sec-Fetch-Site decides.
    [site('same-origin'), 'ours'],
    [site('none'), 'ours'],
    [site('same-origin', { origin: 'null' }), 'ours'],
    [site('same-origin', { referer: 'https://evil.example/' }), 'ours'],
    [site('cross-site'), 'foreign'],
    [site('same-site'), 'foreign'],
    [site('cross-site', { origin: 'https://evil.example' }), 'foreign'],
    [site('same-site', { origin: 'https://blog.shop.example' }), 'foreign'],
    [site('cross-site', { origin: 'null' }), 'foreign'],
    // Its claim stands even where Origin is this site's own, or only Referer is trusted.
    [site('cross-site', { origin: 'https://shop.example' }), 'foreign'],
    [site('same-site', { origin: 'http://shop.example' }), 'foreign'],
    [site('cross-site', { referer: 'https://pay.example/' }), 'foreign'],
    [site('cross-site', { origin: 'https://pay.example' }), 'ours'],
    [site('same-site', { origin: 'https://pay.example' }), 'ours'],
    [site('cross-site', { origin: 'https://xn--mnchen-3ya.example' }), 'ours'],
    [site('cross-site', { origin: 'http://localhost:5173' }), 'ours'],
    [site('cross-site', { origin: 'http://pay.example' }), 'foreign'],
    [site('cross-site', { origin: 'https://pay.example:444' }), 'foreign'],
    [site('cross-site', { origin: 'https://pay.example.evil.example' }), 'foreign'],
    [site('cross-site', { origin: 'https://pay.example, https://evil.example' }), 'foreign'],
    // What it can't say says nothing.
    ...[
      '',
      'same-origin, same-origin',
      'Same-Origin',
      'same-origin;a',
      '"same-origin"',
      'toString',
      'x'.repeat(9_000),
    ].flatMap(
      (value) =>
        [
          [site(value), 'unsaid'],
          [site(value, { origin: 'https://shop.example' }), 'ours'],
          [site(value, { origin: 'https://evil.example' }), 'foreign'],
        ] as const,
    ),
    // Origin does where it does not.
    [{}, 'unsaid'],
    [{ origin: '', referer: '' }, 'unsaid'],
    [{ origin: 'https://shop.example' }, 'ours'],
    [{ origin: 'HTTPS://SHOP.EXAMPLE' }, 'ours'],
    [{ origin: 'https://shop.example:443' }, 'ours'],
    [{ origin: 'https://pay.example' }, 'ours'],
    [{ origin: 'null' }, 'foreign'],
    [{ origin: 'null', referer: 'https://shop.example/' }, 'foreign'],
    [{ origin: 'http://shop.example' }, 'foreign'],
    [{ origin: 'https://shop.example:8443' }, 'foreign'],
    [{ origin: 'https://shop.example.' }, 'foreign'],
    [{ origin: 'https://www.shop.example' }, 'foreign'],
    [{ origin: 'https://shop.example.evil.example' }, 'foreign'],
    [{ origin: 'https://shop.example@evil.example' }, 'foreign'],
    [{ origin: 'https://evil.example#https://shop.example' }, 'foreign'],
    [{ origin: 'https://evil.example\\.shop.example' }, 'foreign'],
    [{ origin: 'https://shop.example/' }, 'foreign'],
    [{ origin: 'https://shop.example\\.evil.example' }, 'foreign'],
    [{ origin: 'https://shop.\texample' }, 'foreign'],
    [{ origin: 'https://shop.example, https://shop.example' }, 'foreign'],
    [{ origin: 'https://shop.example https://evil.example' }, 'foreign'],
    [{ origin: 'shop.example' }, 'foreign'],
    [{ origin: 'https://' }, 'foreign'],
    [{ origin: 'https://[::1' }, 'foreign'],
    [{ origin: 'blob:https://shop.example' }, 'foreign'],
    [{ origin: 'chrome-extension://shop.example' }, 'foreign'],
    [{ origin: long(9_000) }, 'foreign'],
    [{ origin: 'https://evil.example', referer: 'https://shop.example/' }, 'foreign'],
    // And Referer where neither does.
    [{ referer: 'https://shop.example/login?next=/' }, 'ours'],
    [{ referer: 'https://shop.example' }, 'ours'],
    [{ referer: 'https://SHOP.example:443/' }, 'ours'],
    [{ referer: `https://shop.example/${'a'.repeat(9_000)}` }, 'ours'],
    [{ referer: 'https://pay.example/done' }, 'ours'],
    [{ referer: 'http://shop.example/' }, 'foreign'],
    [{ referer: 'https://evil.example/https://shop.example/' }, 'foreign'],
    [{ referer: 'https://evil.example?https://shop.example/' }, 'foreign'],
    [{ referer: 'https://shop.example@evil.example/' }, 'foreign'],
    [{ referer: 'https://evil.example\\@shop.example/' }, 'foreign'],
    [{ referer: 'https://shop.example\\.evil.example/' }, 'foreign'],
    [{ referer: '//shop.example/' }, 'foreign'],
    [{ referer: '/login' }, 'foreign'],
    [{ referer: 'about:blank' }, 'foreign'],
    [{ referer: `${long(9_000)}/` }, 'foreign'],
  ] as const) {
    it(`${shown(headers)}: ${source}`, () => assert.equal(sourceOf(request(headers), trusted), source))
  }

  for (const [secure, host, origin, source] of [
    [true, 'SHOP.example:443', 'https://shop.example', 'ours'],
    [true, 'shop.example:8443', 'https://shop.example:8443', 'ours'],
    [true, 'shop.example:8443', 'https://shop.example', 'foreign'],
    [true, 'münchen-shop.example', 'https://xn--mnchen-shop-thb.example', 'ours'],
    [false, 'localhost:3000', 'http://localhost:3000', 'ours'],
    [false, 'localhost:80', 'http://localhost', 'ours'],
    [false, 'localhost', 'http://localhost:3000', 'foreign'],
    [false, 'localhost:3000', 'https://localhost:3000', 'foreign'],
    [false, 'localhost:3000', 'http://127.0.0.1:3000', 'foreign'],
    [false, '[::1]:3000', 'http://[::1]:3000', 'ours'],
    [false, '[0:0::1]:3000', 'http://[::1]:3000', 'ours'],
    // A Host header that is none is nobody's own.
    [true, '', 'https://', 'foreign'],
    [true, 'evil.example@shop.example', 'https://shop.example', 'foreign'],
    [true, 'shop.example/', 'https://shop.example', 'foreign'],
    [true, 'shop.example, shop.example', 'https://shop.example', 'foreign'],
  ] as const) {
    it(`${secure ? 'https' : 'http'} to ${host || 'no host'}, Origin ${origin}: ${source}`, () =>
      assert.equal(sourceOf(request({ origin }, { secure, host }), trusted), source))
  }
})

describe('trusted origins', () => {
  it('have one spelling', () => {
    const origins = ['https://pay.example', 'https://xn--mnchen-3ya.example', 'http://localhost:5173']
    assert.deepEqual([...trusted], origins)
  })

  for (const [given, fix] of [
    ['pay.example', 'needs its scheme: https://pay.example'],
    ['//pay.example', 'needs its scheme: '],
    ['https://*.pay.example', 'has a wildcard: name each origin that you trust'],
    ['*', 'has a wildcard: name each origin that you trust'],
    ['null', 'is what any sandboxed page says of itself'],
    ['', 'is no origin, such as https://pay.example'],
    [undefined, 'is no origin, such as https://pay.example'],
    ['https://pay.example/', 'must be an origin and nothing more: https://pay.example'],
    ['https://pay.example/done?x=1', 'must be an origin and nothing more: https://pay.example'],
    ['https://me@pay.example', 'must be an origin and nothing more: https://pay.example'],
    ['https://', 'is no origin of a web page, such as https://pay.example'],
    ['capacitor://localhost', 'is no origin of a web page, such as https://pay.example'],
    ['http://pay.example', 'is plain http, where anyone on the way can write the page: https://pay.example'],
  ] as const) {
    it(`refuses ${JSON.stringify(given)}, and says what to write`, () => {
      const message = (error: Error) => error instanceof TypeError && error.message.includes(fix)
      assert.throws(() => checkTrustedOrigins([given as string]), message)
    })
  }

  it('are a list', () => {
    assert.throws(
      () => checkTrustedOrigins('https://pay.example' as never),
      /^TypeError: trustedOrigins must be a list/,
    )
  })
})

function shown(headers: { readonly [name: string]: string }): string {
  return JSON.stringify(headers).slice(0, 100)
}
