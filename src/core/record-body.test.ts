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
    const texts = new Map(Object.entries({ a: '"ü: \\""', 'b c': '~-1', 'a:b"\\\n': '[]', '': '0', '"': '1' }))
    const { body: back, data } = parseBody(formatBody(full, texts))
    assert.deepEqual({ ...back }, { format: 1, ...full, keys: 5 })
    assert.deepEqual(data, texts)
  })

  it('is a line of JSON, then a line for each key that anyone can read', () => {
    const lines = Buffer.from(formatBody(body, new Map(Object.entries({ user_id: '1', 'last seen': '"today"' }))))
    assert.deepEqual(lines.toString().split('\n').slice(1), ['user_id:1', '"last seen":"today"'])
  })

  it('takes no text of two lines from a codec, and no key named __proto__', () => {
    assert.throws(() => formatBody(body, new Map([['a', '[\n1]']])), /the codec must write data\.a in one line/)
    assert.throws(() => formatBody(body, new Map([['__proto__', '1']])), { code: 'ERR_SESSION_DATA' })
  })

  const fields = { format: 1, ...body, keys: 1 }
  const damaged: [string, string][] = [
    ['nothing', ''],
    ['a key too few, as when it was cut off', JSON.stringify(fields)],
    ['a key too many', `${JSON.stringify(fields)}\na:1\nb:1`],
    ['a key twice', `${JSON.stringify({ ...fields, keys: 2 })}\na:1\na:1`],
    ['a line without a name', `${JSON.stringify(fields)}\n1`],
    ['a name that has no end', `${JSON.stringify(fields)}\n"a:1`],
    ['a key named __proto__', `${JSON.stringify(fields)}\n__proto__:1`],
    ['a key named __proto__ in disguise', `${JSON.stringify(fields)}\n"__pr\\u006fto__":1`],
    ['a name that is quoted without need', `${JSON.stringify(fields)}\n"a":1`],
    ['a name that is not quoted', `${JSON.stringify(fields)}\na b:1`],
    ['no name at all', `${JSON.stringify(fields)}\n:1`],
    ['no JSON', 'hello\na:1'],
    ['a list', '[]\na:1'],
    ['a later format', `${JSON.stringify({ ...fields, format: 2 })}\na:1`],
    ['no secret', `${JSON.stringify({ ...fields, current: undefined })}\na:1`],
    ['an empty secret', `${JSON.stringify({ ...fields, current: '' })}\na:1`],
    ['a deadline that is no time', `${JSON.stringify({ ...fields, deadline: 'never' })}\na:1`],
    ['no deadline', `${JSON.stringify({ ...fields, deadline: null })}\na:1`],
    ['spent secrets without end', `${JSON.stringify({ ...fields, spent: ['1', '2', '3', '4', '5'] })}\na:1`],
    ['a flash that is none', `${JSON.stringify({ ...fields, flash: [{ id: 1 }] })}\na:1`],
    ['a previous secret without a salt', `${JSON.stringify({ ...fields, previous: { hash: 'h' } })}\na:1`],
  ]
  it('is refused with bytes that are no UTF-8, and takes the character that stands for such', () => {
    const bytes = Buffer.from(`${JSON.stringify(fields)}\na:"\ufffd"`)
    assert.deepEqual(parseBody(bytes).data, new Map([['a', '"\ufffd"']]))
    assert.throws(
      () => parseBody(Buffer.concat([bytes.subarray(0, -4), Buffer.from([0xff, 0x22])])),
      CorruptRecordError,
    )
  })

  for (const [what, text] of damaged) {
    it(`is refused with ${what}`, () => assert.throws(() => parseBody(Buffer.from(text)), CorruptRecordError))
  }
})
