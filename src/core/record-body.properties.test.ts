import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hostileText, oneStepFrom } from '../../test/fuzz/arbitraries.ts'
import { CorruptRecordError } from './errors.ts'
import { type Body, formatBody, parseBody } from './record-body.ts'

const text = hostileText.filter((each) => each !== '')
const time = fc.double({ noNaN: true, noDefaultInfinity: true })
const optional = { nil: undefined, freq: 2 }
const previous = fc.record({ hash: text, salt: text, confirmedAt: time }, { requiredKeys: ['hash', 'salt'] })
const flash = fc.array(fc.record({ id: text, kind: text, text: hostileText }))
const body: fc.Arbitrary<Body> = fc.record({
  epoch: text,
  current: text,
  previous: fc.option(previous, optional),
  spent: fc.array(text, { maxLength: 4 }),
  turn: text,
  deadline: time,
  createdAt: time,
  rotatedAt: time,
  authenticatedAt: fc.option(time, optional),
  remembered: fc.constantFrom(undefined, true as const),
  flash: fc.option(flash, optional),
  codec: fc.option(text, optional),
})
/** As a codec writes: in one line, and nothing that UTF-8 has no bytes for. */
const line = hostileText.map((each) => Buffer.from(each).toString().replaceAll('\n', ' '))
const key = hostileText.filter((each) => each !== '__proto__')
const data = fc.array(fc.tuple(key, line)).map((entries) => new Map(entries))

/** JSON has no -0 and no undefined. */
const asStored = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a record’s body', () => {
  it('comes back from its bytes, whatever its keys and texts are', () => {
    fc.assert(
      fc.property(body, data, (fields, texts) => {
        const parsed = parseBody(formatBody(fields, texts))
        assert.deepEqual([...parsed.data], [...texts])
        assert.deepEqual(asStored(parsed.body), asStored({ format: 1, ...fields, keys: texts.size }))
      }),
    )
  })

  it('is refused with one error, or has the keys that it says, a step away from what was written', () => {
    const written = fc.tuple(body, data).map(([fields, texts]) => Buffer.from(formatBody(fields, texts)).toString())
    fc.assert(
      fc.property(oneStepFrom(written), (changed) => {
        try {
          const parsed = parseBody(Buffer.from(changed))
          const { keys } = JSON.parse(changed.split('\n', 1)[0]!) as { keys: number }
          assert.deepEqual([parsed.data.size, changed.split('\n').length - 1], [keys, keys])
          assert.ok(!parsed.data.has('__proto__'))
        } catch (error) {
          if (!(error instanceof CorruptRecordError)) throw error
        }
      }),
    )
  })
})
