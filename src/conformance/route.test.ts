import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fillRoute, matchesOf } from './route.ts'

describe('a route with its values in place', () => {
  it('is a request, each value written as its place needs it', () => {
    const route = {
      path: '/kv/{key}?by={user}',
      form: { value: '{value}', fixed: 'a{b' },
      headers: { 'x-user': '{user}' },
    }
    assert.deepEqual(fillRoute(route, { key: 'a/b?', user: 'alice & bob', value: 'x&y=z' }), {
      path: '/kv/a%2Fb%3F?by=alice%20%26%20bob',
      request: { method: 'POST', headers: { 'x-user': 'alice & bob' }, form: { value: 'x&y=z', fixed: 'a{b' } },
    })
  })

  it('is a GET without a body, and leaves alone what it has no value for', () => {
    assert.deepEqual(fillRoute({ path: '/{nothing}' }, {}), { path: '/{nothing}', request: { method: 'GET' } })
  })

  it('fills JSON from within, and takes settings for what they are', () => {
    const { request } = fillRoute({ path: '/', json: { user: '{user}', list: ['{user}', 1] } }, { user: 'a"b' })
    assert.deepEqual(request.json, { user: 'a"b', list: ['a"b', 1] })
    const { request: settings } = fillRoute({ path: '/', json: '{settings}' }, { settings: '{"secure":false}' })
    assert.deepEqual(settings.json, { secure: false })
  })
})

describe('what an answer says', () => {
  it('is its body, or every match of the pattern', () => {
    assert.deepEqual(matchesOf({ path: '/' }, 'alice'), ['alice'])
    const route = { path: '/', pattern: '"handle":"([^"]+)"' }
    assert.deepEqual(matchesOf(route, '[{"handle":"a"},{"handle":"b"}]'), ['a', 'b'])
    assert.deepEqual(matchesOf(route, '[]'), [])
  })
})
