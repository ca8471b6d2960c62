import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hostileText, oneStepFrom } from '../../test/fuzz/arbitraries.ts'
import { formatTicket, parseTicket } from './ticket.ts'

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const ticket = fc.record({ sid: bytes(16), secret: bytes(32) })
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe('a ticket', () => {
  it('comes back from its cookie', () => {
    fc.assert(
      fc.property(ticket, (issued) => {
        const { sid, secret } = parseTicket(formatTicket(issued))!
        assert.deepEqual([Uint8Array.from(sid), Uint8Array.from(secret)], [issued.sid, issued.secret])
      }),
    )
  })

  it('has one spelling', () => {
    const value = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 64, maxLength: 64 })
    fc.assert(fc.property(value, (text) => assert.equal(formatTicket(parseTicket(text)!), text)))
  })

  it('is none, or another one, a step away from its spelling', () => {
    const texts = fc.tuple(ticket, fc.nat()).map(([issued, place]) => [formatTicket(issued), place] as const)
    const spellings: ((text: string, place: number) => string)[] = [
      (text, place) => text.slice(0, place) + encodeURIComponent(text[place]!) + text.slice(place + 1),
      (text, place) => `${text.slice(0, place)}%${text.charCodeAt(place).toString(16)}${text.slice(place + 1)}`,
      (text) => `${text}=`,
      (text) => `"${text}"`,
      (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
      (text, place) => `${text.slice(0, place)}\n${text.slice(place)}`,
      (text) => `${text}\n`,
      (text) => Buffer.from(text, 'base64url').toString('hex'),
    ]
    fc.assert(
      fc.property(texts, fc.constantFrom(...spellings), ([text, place], spell) => {
        const other = spell(text, place % 64)
        if (other !== text) assert.equal(parseTicket(other), undefined)
      }),
    )
    fc.assert(
      fc.property(oneStepFrom(ticket.map(formatTicket)), (text) => {
        const parsed = parseTicket(text)
        if (parsed) assert.equal(formatTicket(parsed), text)
      }),
    )
  })

  it('is nothing else', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const parsed = parseTicket(text)
        if (parsed) assert.equal(formatTicket(parsed), text)
      }),
    )
  })
})
