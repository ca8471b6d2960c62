import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditReport } from './report.ts'
import { renderReport } from './terminal.ts'

const nothing: AuditReport = {
  url: 'https://shop.example/',
  sessionCookies: ['__Host-id'],
  findings: [],
  passed: ['cookie-secure', 'hsts'],
  skipped: [{ id: 'plain-http', reason: 'https is not on port 443' }],
  requests: 12,
}

const finding = {
  id: 'cookie-grammar',
  severity: 'low',
  title: 'The session cookie is not written by the rules',
  seen: 'the name "a b" is no token',
  fix: 'Write it as RFC 6265bis §4.1.1 says: browsers and proxies differ in what they make of the rest.',
  sources: ['RFC 6265bis §4.1.1', 'ASVS 5.0 3.3.1'],
} as const

describe('the report on a terminal', () => {
  it('says what was looked for when nothing was found', () => {
    assert.equal(
      renderReport(nothing),
      [
        'https://shop.example/  ·  session cookie: __Host-id  ·  12 requests',
        '',
        'not found: cookie-secure, hsts',
        'not looked for: plain-http (https is not on port 443)',
        '',
        'No findings.',
      ].join('\n'),
    )
  })

  it('says of a finding what was seen, what to do, and who asks for it', () => {
    const lines = renderReport({ ...nothing, findings: [finding, { ...finding, severity: 'high' }] }).split('\n')
    assert.deepEqual(lines.slice(2, 8), [
      'LOW     The session cookie is not written by the rules  [cookie-grammar]',
      '        seen: the name "a b" is no token',
      '        fix:  Write it as RFC 6265bis §4.1.1 says: browsers and proxies differ in what they make of',
      '              the rest.',
      '        see:  RFC 6265bis §4.1.1 · ASVS 5.0 3.3.1',
      '',
    ])
    assert.equal(lines.at(-1), '2 findings: 1 high, 1 low.')
  })

  it('lets no server steer the terminal', () => {
    const findings = [{ ...finding, seen: 'a\u001B[31mb\u0007c\r\nd\u009B2Je' }]
    const text = renderReport({ ...nothing, findings, sessionCookies: ['x\u001B]0;title\u0007'] }, { isColored: true })
    assert.match(text, /seen: a\?\[31mb\?c\?\?d\?2Je/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: just these must not be there.
    assert.doesNotMatch(text.replaceAll('\u001B[36m', '').replaceAll('\u001B[0m', ''), /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  })
})
