import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hostileText } from '../../../test/fuzz/arbitraries.ts'
import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, Version } from '../../core/store.ts'
import { decodeRecord, encodeRecord } from './record-file.ts'

const time = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0)
const record: fc.Arbitrary<SessionRecord> = fc.record(
  {
    id: fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'),
      minLength: 64,
      maxLength: 64,
    }) as fc.Arbitrary<SessionId>,
    version: hostileText.filter((text) => text !== '') as fc.Arbitrary<Version>,
    expiresAt: time,
    lastSeenAt: time,
    userId: hostileText,
    openedAt: time,
    body: fc.uint8Array({ maxLength: 200 }),
  },
  { requiredKeys: ['id', 'version', 'expiresAt', 'lastSeenAt', 'body'] },
)

function decoded(id: SessionId, file: Uint8Array): SessionRecord | undefined {
  try {
    return decodeRecord(id, file)
  } catch (error) {
    if (error instanceof CorruptRecordError) return undefined
    throw error
  }
}

describe('a record’s file', () => {
  it('gives back the record, bytes and all', () => {
    fc.assert(
      fc.property(record, (each) => {
        const back = decodeRecord(each.id, encodeRecord(each))
        assert.deepEqual({ ...back, body: Uint8Array.from(back.body) }, { ...each })
      }),
    )
  })

  it('is none when it was cut off, wherever, or when there is more in it', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.uint8Array({ minLength: 1 }), (each, place, more) => {
        const file = encodeRecord(each)
        assert.equal(decoded(each.id, file.subarray(0, place % file.length)), undefined)
        assert.equal(decoded(each.id, Buffer.concat([file, more])), undefined)
      }),
    )
  })

  it('is refused, or is a record of this id and of all its bytes, when a byte is another', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat({ max: 255 }), (each, place, byte) => {
        const file = Uint8Array.from(encodeRecord(each))
        file[place % file.length] = byte
        const back = decoded(each.id, file)
        if (!back) return
        const line = file.subarray(0, file.indexOf(10))
        const header = JSON.parse(Buffer.from(line).toString()) as { id: string; bytes: number; userId?: string }
        assert.deepEqual([header.id, header.bytes], [each.id, file.length - line.length - 1])
        assert.equal(back.userId, header.userId)
      }),
    )
  })

  it('is no record of another session', () => {
    fc.assert(
      fc.property(record, record, (one, other) => {
        if (one.id !== other.id) assert.equal(decoded(other.id, encodeRecord(one)), undefined)
      }),
    )
  })
})
