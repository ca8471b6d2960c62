import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sessions } from '../../test/php/formats-arbitraries.ts'
import { describeSession } from '../../test/php/formats-description.ts'
import { PhpFormatError, php, phpBinary, phpSerialize } from './formats.ts'

describe('any session', () => {
  for (const format of [php, phpSerialize, phpBinary]) {
    it(`comes back from the format ${format.name} as it was, and is written as the same bytes again`, () => {
      fc.assert(
        fc.property(sessions, (session) => {
          const bytes = format.encode(session)
          const decoded = format.decode(bytes)
          assert.deepEqual(describeSession(decoded), describeSession(session))
          assert.deepEqual(format.encode(decoded), bytes)
        }),
        { numRuns: 500 },
      )
    })
  }
})

describe('any bytes', () => {
  const token = fc.constantFrom(
    ...[
      'a|',
      '\x01a',
      'N;',
      'i:1;',
      'i:',
      's:1:"',
      '";',
      'a:',
      '1:{',
      '2:{',
      '}',
      ':',
      '9',
      '-',
      'R:1;',
      'r:1;',
      'd:.5;',
      'b:1;',
    ],
    ...['O:8:"stdClass":', 'C:1:"S":', 'E:3:"A:B";', 'S:1:"\\', '41', '\xff', '\0'],
  )
  const text = fc.array(fc.oneof({ weight: 8, arbitrary: token }, fc.string({ unit: 'binary-ascii', maxLength: 3 })))

  for (const format of [php, phpSerialize, phpBinary]) {
    it(`are a session in the format ${format.name}, or an error that says where`, () => {
      fc.assert(
        fc.property(text, (parts) => {
          const bytes = Buffer.from(parts.join(''), 'latin1')
          try {
            assert.deepEqual(
              describeSession(format.decode(format.encode(format.decode(bytes)))),
              describeSession(format.decode(bytes)),
            )
          } catch (error) {
            assert.ok(error instanceof PhpFormatError, String(error))
            assert.ok(error.offset >= 0 && error.offset <= bytes.length, error.message)
          }
        }),
        { numRuns: 1_000 },
      )
    })
  }
})
