import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CorruptRecordError } from './errors.ts'
import { type Body, formatBody, parseBody } from './record-body.ts'

const body: Body = { epoch: 'e', current: 'c', spent: ['s'], turn: 't', deadline: 9, createdAt: 1, rotatedAt: 2 }

describe('a record’s body', () => {
  it('comes back as it was written', () => {
    const full: Body = {
      ...body,
      previous: { hash: 'h', salt: 's', confirmedAt: 3 },
      authenticatedAt: 4,
      remembered: true,
      flash: [{ id: 'i', kind: 'notice', text: 'Grüße\n' }],
    }
    const { body: back, data } = parseBody(formatBody(full, '{"a":"ü"}\n{"b":-1}'))
    assert.deepEqual({ ...back }, { format: 1, ...full })
    assert.equal(data, '{"a":"ü"}\n{"b":-1}')
  })

  it('is a line of JSON, then the data', () => {
    assert.deepEqual(Buffer.from(formatBody(body, '{"user_id":1}')).toString().split('\n')[1], '{"user_id":1}')
  })

  const fields = { format: 1, ...body }
  const damaged: [string, string][] = [
    ['nothing', ''],
    ['no line end', JSON.stringify(fields)],
    ['no JSON', 'hello\n{}'],
    ['a list', '[]\n{}'],
    ['a later format', `${JSON.stringify({ ...fields, format: 2 })}\n{}`],
    ['no secret', `${JSON.stringify({ ...fields, current: undefined })}\n{}`],
    ['an empty secret', `${JSON.stringify({ ...fields, current: '' })}\n{}`],
    ['a deadline that is no time', `${JSON.stringify({ ...fields, deadline: 'never' })}\n{}`],
    ['no deadline', `${JSON.stringify({ ...fields, deadline: null })}\n{}`],
    ['spent secrets without end', `${JSON.stringify({ ...fields, spent: ['1', '2', '3', '4', '5'] })}\n{}`],
    ['a flash that is none', `${JSON.stringify({ ...fields, flash: [{ id: 1 }] })}\n{}`],
    ['a previous secret without a salt', `${JSON.stringify({ ...fields, previous: { hash: 'h' } })}\n{}`],
  ]
  for (const [what, text] of damaged) {
    it(`is refused with ${what}`, () => assert.throws(() => parseBody(Buffer.from(text)), CorruptRecordError))
  }
})
