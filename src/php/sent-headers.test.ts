import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readSettings } from './ini-settings.ts'
import { SentHeaders } from './sent-headers.ts'

describe('what a response will carry', () => {
  it('is one cookie of each name, the last one last', () => {
    const headers = new SentHeaders()
    headers.sendCookie(readSettings({ name: 'a' }), 'one')
    headers.sendCookie(readSettings({ name: 'b' }), 'two')
    headers.sendCookie(readSettings({ name: 'a' }), 'three')
    assert.deepEqual(headers.all(), [
      ['set-cookie', 'b=two; path=/'],
      ['set-cookie', 'a=three; path=/'],
    ])
  })

  it('keeps a header of a former limiter that the latter one does not send, as PHP does', () => {
    const headers = new SentHeaders()
    headers.limitCaching(readSettings({ cacheLimiter: 'nocache' }))
    const lastModified = new Date(0)
    headers.limitCaching(readSettings({ cacheLimiter: 'private_no_expire', cacheExpire: 1, lastModified }))
    assert.deepEqual(headers.all(), [
      ['expires', 'Thu, 19 Nov 1981 08:52:00 GMT'],
      ['cache-control', 'private, max-age=60'],
      ['pragma', 'no-cache'],
      ['last-modified', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ])
  })
})
