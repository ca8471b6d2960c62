import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { type PhpKey, PhpReference, type PhpValue } from './formats.ts'
import { sessionVariables } from './session-variables.ts'

function make(entries: readonly (readonly [PhpKey, PhpValue])[] = []) {
  const data = new Map(entries)
  return { data, variables: sessionVariables(() => data) }
}

describe('the session’s variables', () => {
  it('are read, assigned and deleted', () => {
    const { data, variables } = make([['n', 1]])
    variables.user = 'Ada'
    variables.n = (variables.n as number) + 1
    delete variables.missing
    assert.deepEqual([variables.n, variables.user, variables.missing], [2, 'Ada', undefined])
    delete variables.n
    assert.deepEqual([...data], [['user', 'Ada']])
  })

  it('keep what is assigned, not a copy', () => {
    const { data, variables } = make()
    const cart: string[] = []
    variables.cart = cart
    ;(variables.cart as string[]).push('hat')
    assert.deepEqual([data.get('cart'), cart], [['hat'], ['hat']])
  })

  it('are listed in PHP’s order, with `in`, Object.keys, spread, for…in and JSON', () => {
    const { variables } = make([
      ['b', 1],
      [7, 'seven'],
      ['a', { deep: [true] }],
    ])
    const names: string[] = []
    for (const name in variables) names.push(name)
    assert.deepEqual(
      [names, Object.keys(variables)],
      [
        ['b', '7', 'a'],
        ['b', '7', 'a'],
      ],
    )
    assert.deepEqual({ ...variables }, { b: 1, 7: 'seven', a: { deep: [true] } })
    assert.equal(JSON.stringify(variables), '{"b":1,"7":"seven","a":{"deep":[true]}}')
    assert.deepEqual(['a' in variables, 'c' in variables, Object.hasOwn(variables, 'a')], [true, false, true])
  })

  it('have a number for a name where PHP has', () => {
    const { data, variables } = make()
    variables['5'] = 'five'
    variables['05'] = 'text'
    assert.deepEqual([...data.keys()], [5, '05'])
    assert.deepEqual([variables[5], variables['05'], '5' in variables], ['five', 'text', true])
  })

  it('have no others: nothing is inherited, and no name is special', () => {
    const { variables } = make()
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'then']
    assert.deepEqual(
      names.map((name) => [variables[name], name in variables]),
      names.map(() => [undefined, false]),
    )
    Object.assign(variables, JSON.parse('{"__proto__":{"isAdmin":true}}'))
    assert.deepEqual([variables.isAdmin, Object.keys(variables)], [undefined, ['__proto__']])
  })

  it('share what PHP has as a reference', () => {
    const shared = new PhpReference(1)
    const { data, variables } = make([
      ['a', shared],
      ['b', shared],
    ])
    variables.a = 2
    assert.deepEqual([variables.a, variables.b, data.get('b') === shared], [2, 2, true])
  })

  it('are shown by console.log', () => {
    const { variables } = make([['n', 1]])
    assert.equal(inspect(variables), '{ n: 1 }')
  })

  it('can be defined like a property, but not by getters, and not frozen', () => {
    const { data, variables } = make()
    Object.assign(variables, { a: 1 })
    Object.defineProperty(variables, 'b', { value: 2 })
    assert.deepEqual(
      [...data],
      [
        ['a', 1],
        ['b', 2],
      ],
    )
    assert.throws(() => Object.defineProperty(variables, 'c', { get: () => 3 }), TypeError)
    assert.throws(() => Object.freeze(variables), TypeError)
    assert.throws(() => {
      ;(variables as { [name: symbol]: unknown })[Symbol('s')] = 1
    }, TypeError)
  })
})
