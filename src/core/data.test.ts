import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryStore } from '../stores/memory.ts'
import { Sessions } from './sessions.ts'

// What is marked @ts-expect-error does not compile; `npm run types` fails where it does.

const store = memoryStore()

describe('the types of an application’s data', () => {
  it('let pass what a session keeps, interfaces included', () => {
    interface Shop {
      cart: { id: number; bought?: Date }[]
      seen: Map<string, Set<bigint>>
      theme?: 'dark' | 'light' | undefined
      bytes: Uint8Array
    }
    const initial = (): Shop => ({ cart: [], seen: new Map(), bytes: new Uint8Array() })
    assert.ok(new Sessions<Shop>({ store, initial, merge: { cart: 'append' } }))
  })

  it('refuse functions, symbols and classes with methods, however deep', () => {
    // @ts-expect-error: a function
    assert.ok(new Sessions<{ run?: () => void }>({ store }))
    // @ts-expect-error: a symbol
    assert.ok(new Sessions<{ mark?: symbol }>({ store }))
    // @ts-expect-error: a class with methods
    assert.ok(new Sessions<{ user?: { url: URL } }>({ store }))
    // @ts-expect-error: a promise
    assert.ok(new Sessions<{ later?: Promise<string>[] }>({ store }))
  })

  it('require initial data where keys are required', () => {
    // @ts-expect-error: `n` is never there at first
    assert.ok(new Sessions<{ n: number }>({ store }))
    assert.ok(new Sessions<{ n?: number }>({ store }))
    assert.ok(new Sessions({ store }))
  })

  it('allow a merge rule only where it makes sense', () => {
    // @ts-expect-error: text has no sum
    assert.ok(new Sessions<{ name?: string }>({ store, merge: { name: 'sum' } }))
    // @ts-expect-error: no such key
    assert.ok(new Sessions<{ n?: number }>({ store, merge: { m: 'sum' } }))
    assert.ok(new Sessions<{ n?: number; at?: Date }>({ store, merge: { n: 'sum', at: 'max' } }))
  })

  it('make a read-only session unchangeable', async () => {
    const sessions = new Sessions<{ cart: string[]; n: number }>({ store, initial: () => ({ cart: [], n: 0 }) })
    const request = {}
    const exchange = { method: 'GET', header: () => undefined, secure: true, host: 'x', isAborted: false, onClose() {} }
    sessions.attach(request, exchange)
    const session = await sessions.open(request, { mode: 'read-only' })
    // @ts-expect-error: a value
    session.data.n = 1
    // @ts-expect-error: a nested list
    session.data.cart.push('hat')
    // @ts-expect-error: a mutator
    assert.ok(session.signIn)
    assert.equal(session.data.n, 1)
  })
})
