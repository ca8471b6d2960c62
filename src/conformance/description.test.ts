import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDescription } from './description.ts'

const least = {
  baseUrl: 'http://localhost:3000',
  users: { first: { name: 'alice', password: 'secret' } },
  routes: { signIn: { path: '/login' }, whoAmI: { path: '/me' } },
}

describe('a description from a file', () => {
  it('needs an address, a user, and the routes to sign in and to be known', () => {
    assert.equal(parseDescription(least), least)
  })

  const wrong: { readonly [what: string]: readonly [unknown, RegExp] } = {
    'no object': [[], /must be an object/],
    'no address': [{ ...least, baseUrl: 'localhost' }, /baseUrl must be a URL such as/],
    'no user': [{ ...least, users: {} }, /users\.first must be/],
    'no routes': [{ ...least, routes: undefined }, /routes must be an object/],
    'no sign-in': [{ ...least, routes: { whoAmI: { path: '/me' } } }, /routes\.signIn is missing/],
    'a route that nobody asks for': [
      { ...least, routes: { ...least.routes, login: { path: '/' } } },
      /routes\.login is not a name that the runner knows: page, /,
    ],
    'a route without a path': [
      { ...least, routes: { ...least.routes, page: { path: 'page' } } },
      /routes\.page must be/,
    ],
  }
  for (const [what, [value, message]] of Object.entries(wrong)) {
    it(`with ${what} is refused, and the sentence says why`, () => {
      assert.throws(() => parseDescription(value), { name: 'TypeError', message })
    })
  }
})
