import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  PhpCustom,
  PhpFormatError,
  type PhpKey,
  PhpObject,
  type PhpValue,
  php,
  phpBinary,
  phpSerialize,
  type SessionFormat,
} from 'coatcheck/php/formats'
import fc from 'fast-check'
import { php as needPhp } from '../needs.ts'
import { sessions } from './formats-arbitraries.ts'
import { describeSession } from './formats-description.ts'
import { type Answer, askPhp } from './formats-in-php.ts'
import { mutated, randomFrom } from './formats-mutations.ts'
import { valuesIn } from './formats-values.ts'

const formats: readonly SessionFormat[] = [php, phpSerialize, phpBinary]
const { skip } = needPhp()
// More by hand: PHP_FORMATS_SESSIONS=5000 PHP_FORMATS_MUTATIONS=50000 PHP_FORMATS_SEED=2 npm test -- php/formats
const many = Number(process.env.PHP_FORMATS_SESSIONS ?? 200)
const mutations = Number(process.env.PHP_FORMATS_MUTATIONS ?? 500)
const seed = Number(process.env.PHP_FORMATS_SEED ?? 1)

describe('a session that PHP wrote', { skip: skip ?? false }, () => {
  for (const format of formats) {
    it(`in the format ${format.name} holds what PHP reads in it, and is written again byte by byte`, () => {
      const seeds = Array.from({ length: many }, (_, index) => index + 1)
      const answers = askPhp(
        seeds.map((seed) => ({ write: seed, format: format.name })),
        { classes: true },
      )
      for (const [index, answer] of answers.entries()) {
        const bytes = bytesOf(answer)
        const session = format.decode(bytes)
        assert.deepEqual(describeSession(session), answer.session, `seed ${seeds[index]}: ${shown(bytes)}`)
        assert.equal(shown(format.encode(session)), shown(bytes), `seed ${seeds[index]}`)
      }
    })
  }
})

describe('a session that JavaScript wrote', { skip: skip ?? false }, () => {
  for (const format of formats) {
    it(`in the format ${format.name} holds the same for PHP`, () => {
      const samples = fc.sample(sessions, { numRuns: many, seed })
      const written = samples.map((session) => format.encode(session))
      const requests = written.map((bytes) => ({ read: Buffer.from(bytes).toString('base64'), format: format.name }))
      for (const [index, answer] of askPhp(requests, { classes: true }).entries()) {
        assert.ok(answer.accepted, shown(written[index]!))
        assert.deepEqual(answer.session, describeSession(samples[index]!), shown(written[index]!))
        assert.equal(shown(bytesOf(answer)), shown(written[index]!))
      }
    })
  }
})

describe('damaged sessions', { skip: skip ?? false }, () => {
  for (const format of formats) {
    it(`in the format ${format.name} are accepted, refused and understood as PHP does`, () => {
      const originals = askPhp(
        Array.from({ length: 150 }, (_, index) => ({ write: index + 1, format: format.name })),
        { classes: true },
      ).map(bytesOf)
      // Classes that look into what they are given would refuse some of it: see "differs".
      const samples = originals.filter(
        (bytes) => !/[CO]:\d+:"(?:Old|Array|Date|Spl)/.test(shown(bytes)) && bytes.length < 5_000,
      )
      const random = randomFrom(seed)
      const damaged = Array.from({ length: mutations }, () =>
        mutated(samples[Math.floor(random() * samples.length)]!, random),
      )
      const answers = askPhp(
        damaged.map((bytes) => ({ read: bytes.toString('base64'), format: format.name })),
        { classes: false },
      )
      const counts = { accepted: 0, refused: 0, different: 0 }
      for (const [index, answer] of answers.entries()) {
        const bytes = damaged[index]!
        const ours = decoded(format, bytes)
        if (differsByIntent(answer, ours, bytes)) {
          counts.different++
          continue
        }
        assert.equal(ours !== undefined, answer.accepted, `${format.name}: ${JSON.stringify(shown(bytes))}`)
        if (ours) {
          assert.deepEqual(describeSession(ours), answer.session, JSON.stringify(shown(bytes)))
          assert.equal(shown(format.encode(ours)), shown(bytesOf(answer)), JSON.stringify(shown(bytes)))
        }
        counts[ours ? 'accepted' : 'refused']++
      }
      if (mutations > 1_000) process.stderr.write(`${format.name} ${JSON.stringify(counts)}\n`)
      assert.ok(counts.accepted > mutations / 20 && counts.refused > mutations / 5, JSON.stringify(counts))
    })
  }
})

function decoded(format: SessionFormat, bytes: Uint8Array): Map<PhpKey, PhpValue> | undefined {
  try {
    return format.decode(bytes)
  } catch (error) {
    assert.ok(error instanceof PhpFormatError, String(error))
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, `${error.message} of ${bytes.length}`)
    return undefined
  }
}

/** Where reading and writing is not as PHP's, on purpose: all of it. */
function differsByIntent(php: Answer, ours: Map<PhpKey, PhpValue> | undefined, bytes: Buffer): boolean {
  // With php_serialize PHP takes what is no array, or refers to itself, as a session, and can't write it again.
  if (!ours) return php.accepted === true && !php.bytes
  // PHP refuses the case of an enum that it doesn't know. Here none is known.
  if (!php.accepted) {
    return [...bytes.toString().matchAll(/E:\d+:"([^"]*)"/g)].some(([, name]) => !enumCases.has(name!))
  }
  // Of a class that it doesn't know, PHP loses the payload of a C:, and that keys were integers. Here they are kept.
  return [...valuesIn([...ours.values()])].some((value) => {
    if (!(value instanceof PhpObject)) return value instanceof PhpCustom
    return value.className !== 'stdClass' && [...value.properties.keys()].some((key) => typeof key !== 'string')
  })
}

const enumCases = new Set(['Suit:Hearts', 'Suit:Spades', 'Level:Low', 'Level:Högh'])

function bytesOf({ bytes }: Answer): Buffer {
  return Buffer.from(bytes ?? '', 'base64')
}

function shown(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
