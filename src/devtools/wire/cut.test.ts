import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cutLocation, cutPath, cutSetCookie } from './cut.ts'

describe('what is kept of a line', () => {
  it('is four characters of a cookie’s value, and its attributes', () => {
    assert.equal(cutSetCookie('sid=abcdefgh; Path=/; HttpOnly'), 'sid=abcd…; Path=/; HttpOnly')
    assert.equal(cutSetCookie('sid=; Path=/; Max-Age=0'), 'sid=; Path=/; Max-Age=0')
  })

  it('is a path without its query, and without what looks random', () => {
    assert.equal(cutPath('/shop/umbrella-with-wooden-handle?token=abc#x'), '/shop/umbrella-with-wooden-handle')
    assert.equal(cutPath('/reset/9f86d081884c7d659a2feaa0c55ad015'), '/reset/9f86…')
    assert.equal(cutPath('/join/aB3xQ9zK1mP7wR5tY2'), '/join/aB3x…')
    assert.equal(cutPath('/attacks/logout-undone-by-a-slow-request'), '/attacks/logout-undone-by-a-slow-request')
  })

  it('is the place of a redirect, without what identifies somebody there', () => {
    assert.equal(cutLocation('/login?next=%2Fsecret'), '/login')
    assert.equal(cutLocation('https://user:pass@idp.example/authorize?state=abc'), 'https://idp.example/authorize')
  })
})
