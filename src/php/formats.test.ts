import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type PhpCustom,
  PhpEnum,
  PhpFloat,
  PhpFormatError,
  type PhpKey,
  PhpObject,
  PhpReference,
  type PhpValue,
  php,
  phpBinary,
  phpSerialize,
  toPhpKey,
} from './formats.ts'

describe('a session of PHP', () => {
  it('is plain data where JavaScript has the same', () => {
    const text = 'n|N;b|b:1;i|i:-5;d|d:0.5;s|s:5:"K\xc3\xa4se";l|a:2:{i:0;i:1;i:1;a:0:{}}o|a:1:{s:4:"name";s:3:"Ada";}'
    const values = { n: null, b: true, i: -5, d: 0.5, s: 'Käse', l: [1, []], o: { name: 'Ada' } }
    assert.deepEqual(decoded(text), new Map<PhpKey, PhpValue>(Object.entries(values)))
    assert.equal(encoded(values), text)
  })

  it('keeps integers of 64 bits, as bigints beyond 2^53', () => {
    const text = 'a|i:9007199254740991;b|i:9007199254740992;c|i:-9223372036854775808;'
    assert.deepEqual([...decoded(text).values()], [9007199254740991, 9007199254740992n, -9223372036854775808n])
    assert.equal(again(text), text)
  })

  it('tells 5.0 from 5, and still counts with it', () => {
    const price = value('d:5;')
    assert.deepEqual(price, new PhpFloat(5))
    assert.equal((price as unknown as number) * 2, 10)
    assert.equal(JSON.stringify({ price }), '{"price":5}')
    assert.equal(encoded({ price, count: 5 }), 'price|d:5;count|i:5;')
  })

  it('has floats as PHP writes them', () => {
    const values = [0.1, -0, 1e15 + 0.5, 1e17, 1e25, 0.0001, 0.00001, 1.5e-10, 5e-324, 1 / 3, Infinity, -Infinity, NaN]
    const digits =
      '0.1 -0 1000000000000000.5 1.0E+17 1.0E+25 0.0001 1.0E-5 1.5E-10 5.0E-324 0.3333333333333333 INF -INF NAN'
    const text = `a:13:{${digits
      .split(' ')
      .map((one, index) => `i:${index};d:${one};`)
      .join('')}}`
    assert.equal(encoded({ a: values }), `a|${text}`)
    assert.deepEqual(value(text), values)
  })

  it('has bytes where a string is not UTF-8, and keys with an escape for each such byte', () => {
    const text = 'a|s:3:"\xffa\0";b|a:1:{s:3:"\xffa\0";i:1;}\xfe|N;'
    const session = decoded(text)
    assert.deepEqual(session.get('a'), Uint8Array.of(0xff, 97, 0))
    assert.deepEqual(session.get('b'), { '\udcffa\0': 1 })
    assert.deepEqual([...session.keys()], ['a', 'b', '\udcfe'])
    assert.equal(again(text), text)
  })

  it('has a Map for an array whose keys or order an object would not keep', () => {
    const text = 'a|a:3:{i:7;s:1:"x";s:1:"k";i:1;i:0;N;}'
    assert.deepEqual(
      value(text.slice(2)),
      new Map<PhpKey, PhpValue>([
        [7, 'x'],
        ['k', 1],
        [0, null],
      ]),
    )
    assert.equal(again(text), text)
    assert.deepEqual(value('a:1:{i:9223372036854775807;N;}'), new Map([[9223372036854775807n, null]]))
    assert.deepEqual(value('a:3:{i:0;i:1;i:0;i:2;i:1;i:3;}'), [2, 3])
  })

  it('does not let __proto__ become anything but a key', () => {
    const found = value('a:2:{s:9:"__proto__";a:1:{s:7:"isAdmin";b:1;}s:11:"constructor";i:1;}')
    assert.deepEqual(Object.keys(found as object), ['__proto__', 'constructor'])
    assert.equal((found as { isAdmin?: boolean }).isAdmin, undefined)
    assert.equal(Object.getPrototypeOf(found), Object.prototype)
    assert.equal(
      encoded({ a: found as PhpValue }),
      'a|a:2:{s:9:"__proto__";a:1:{s:7:"isAdmin";b:1;}s:11:"constructor";i:1;}',
    )
  })

  it('shows an object by its names, whatever the visibility, and keeps that', () => {
    const text = 'u|O:8:"App\\User":3:{s:4:"name";s:3:"Ada";s:7:"\0*\0mail";N;s:14:"\0App\\User\0hash";i:1;}'
    const session = decoded(text)
    const user = session.get('u') as PhpObject
    assert.equal(user.className, 'App\\User')
    assert.deepEqual(
      ['name', 'mail', 'hash', 'none'].map((name) => user.get(name)),
      ['Ada', null, 1, undefined],
    )
    assert.deepEqual(
      ['name', 'mail', 'hash'].map((name) => user.visibilityOf(name)),
      ['public', 'protected', 'private'],
    )
    user.set('hash', 2)
    assert.equal(text.replace('i:1;', 'i:2;'), latin1(php.encode(session)))
  })

  it('knows one class, stdClass, whose properties all have names', () => {
    assert.equal(again('a|O:8:"STDCLASS":1:{i:5;N;}'), 'a|O:8:"stdClass":1:{s:1:"5";N;}')
    assert.equal(again('a|O:5:"Money":1:{i:5;N;}'), 'a|O:5:"Money":1:{i:5;N;}')
  })

  it('has the same object where PHP has, and in one numbering for the whole session', () => {
    const text = 'a|O:1:"X":1:{s:4:"self";r:1;}b|i:5;c|a:2:{i:0;r:1;i:1;O:1:"Y":0:{}}d|r:6;'
    const session = decoded(text)
    const x = session.get('a') as PhpObject
    assert.equal(x.get('self'), x)
    assert.equal((session.get('c') as PhpValue[])[0], x)
    assert.equal(again(text), text)
    // What stands before is counted anew.
    assert.equal(
      encoded({ first: [1, 2], ...Object.fromEntries(session) }),
      `first|a:2:{i:0;i:1;i:1;i:2;}${text.replaceAll('r:1', 'r:4').replace('r:6', 'r:9')}`,
    )
  })

  it('shares what PHP shares by reference', () => {
    const text = 'a|a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}b|R:1;c|a:1:{i:0;R:1;}'
    const session = decoded(text)
    const shared = session.get('a') as PhpReference
    assert.equal(session.get('b'), shared)
    shared.value = 'changed'
    assert.equal(latin1(php.encode(session)), 'a|s:7:"changed";b|R:1;c|a:1:{i:0;R:1;}')
  })

  it('has the cases of enums, of which there is one each', () => {
    assert.deepEqual(value('E:11:"Suit:Hearts";'), new PhpEnum('Suit', 'Hearts'))
    assert.equal(
      encoded({ a: new PhpEnum('Suit', 'Hearts'), b: new PhpEnum('Suit', 'Hearts') }),
      'a|E:11:"Suit:Hearts";b|r:1;',
    )
  })

  it('counts on inside what a Serializable wrote, where that is the same format', () => {
    const text = 'a|C:1:"S":19:{O:8:"stdClass":0:{}}b|C:1:"S":4:{r:2;}c|r:2;d|C:1:"T":5:{raw}!}e|r:6;'
    const session = decoded(text)
    const [a, b, c, d, e] = [...session.values()]
    assert.deepEqual((a as PhpCustom).payload, { serialized: c })
    assert.deepEqual((b as PhpCustom).payload, { serialized: c })
    assert.deepEqual((d as PhpCustom).payload, { bytes: Uint8Array.from(Buffer.from('raw}!')) })
    assert.equal(e, d)
    assert.equal(again(text), text)
    // With something before it, the payload refers to the new place.
    assert.equal(encoded({ x: c, b, a } as never), 'x|O:8:"stdClass":0:{}b|C:1:"S":4:{r:1;}a|C:1:"S":4:{r:1;}')
  })

  it('shares by reference what is in such a payload', () => {
    const text = 'a|C:1:"S":19:{O:8:"stdClass":0:{}}b|R:2;'
    const session = decoded(text)
    assert.deepEqual((session.get('a') as PhpCustom).payload, { serialized: session.get('b') })
    assert.ok(session.get('b') instanceof PhpReference)
    assert.equal(again(text), text)
    assert.equal(again('a|C:1:"S":6:{i:007;}'), 'a|C:1:"S":6:{i:007;}')
  })

  it('leaves a payload alone that only looks like the same format', () => {
    for (const text of ['a|C:1:"S":6:{i:007;}b|O:1:"X":0:{}c|r:2;', 'a|C:1:"S":4:{i:5;}b|O:1:"X":0:{}c|r:2;']) {
      assert.deepEqual((decoded(text).get('a') as PhpCustom).payload, {
        bytes: new Uint8Array(Buffer.from(/\{(.*?)\}/.exec(text)![1]!)),
      })
      assert.equal(again(text), text)
    }
  })
})

describe('data of JavaScript', () => {
  it('is written as PHP would write it', () => {
    const data = {
      user: { id: 7, name: 'Ä', 5: 'five' },
      list: ['a', ['b']],
      map: new Map<PhpKey, PhpValue>([
        ['8', 1],
        ['x', 2],
      ]),
      bytes: Buffer.from('AB'),
    }
    assert.equal(
      encoded(data as never),
      [
        'user|a:3:{i:5;s:4:"five";s:2:"id";i:7;s:4:"name";s:2:"\xc3\x84";}',
        'list|a:2:{i:0;s:1:"a";i:1;a:1:{i:0;s:1:"b";}}',
        'map|a:2:{i:8;i:1;s:1:"x";i:2;}bytes|s:2:"AB";',
      ].join(''),
    )
  })

  it('may give names to what was an empty array to PHP', () => {
    const cart = value('a:0:{}') as PhpValue[] & { hat?: number }
    cart.hat = 2
    assert.equal(encoded({ cart }), 'cart|a:1:{s:3:"hat";i:2;}')
  })

  it('is refused, with the path, where PHP has nothing like it', () => {
    const cyclic: PhpValue[] = []
    cyclic.push([cyclic])
    const refused: readonly (readonly [unknown, RegExp])[] = [
      [{ a: undefined }, /session\.x\.a is undefined/],
      [[1, () => 1], /session\.x\[1\] is a function/],
      [{ 'a b': Symbol('s') }, /session\.x\["a b"\] is a symbol/],
      [{ at: new Date(0) }, /session\.x\.at is a Date/],
      [new (class Cart {})(), /session\.x is a Cart/],
      [new Set(), /session\.x is a Set/],
      [2n ** 63n, /session\.x is an integer beyond 64 bits/],
      ['\ud800', /session\.x is text with half a character/],
      [{ '\ud800': 1 }, /session\.x\["\\ud800"\] is under a key with half a character/],
      [{ '\udcc3\udca9': 1 }, /half a character/],
      [new Map([[0.5, 1]]), /session\.x is a Map with a key that PHP can't have, 0\.5/],
      [
        new Map<PhpKey, number>([
          ['5', 1],
          [5, 2],
        ]),
        /session\.x is a Map with two keys that are one to PHP, 5/,
      ],
      [cyclic, /is nested more than 4096 deep, as it holds itself/],
      [new PhpObject('no name'), /session\.x is of a class with a name that PHP does not allow/],
      [new PhpEnum('Suit', ''), /session\.x is an enum with a name/],
      [new PhpReference(new PhpReference(1)), /session\.x is a reference to a reference/],
    ]
    for (const [x, message] of refused) {
      assert.throws(() => php.encode(new Map([['x', x as PhpValue]])), { code: 'ERR_SESSION_DATA', message })
    }
  })

  it('is refused under a name that PHP would lose', () => {
    const named = (name: PhpKey) =>
      new Map<PhpKey, PhpValue>([
        ['ok', 1],
        [name, 1],
      ])
    assert.throws(() => php.encode(named('a|b')), /session\["a\|b"\] is under a name with a \|/)
    assert.throws(() => php.encode(named(5)), /session\[5\] is under an integer name/)
    assert.throws(() => phpBinary.encode(named(5)), /integer name/)
    assert.throws(() => phpBinary.encode(named('ä'.repeat(64))), /more than 127 bytes/)
    assert.equal(latin1(phpBinary.encode(named('ä'.repeat(63)))).length, 7 + 1 + 126 + 4)
    assert.equal(latin1(phpSerialize.encode(named('a|b'))), 'a:2:{s:2:"ok";i:1;s:3:"a|b";i:1;}')
    assert.equal(latin1(phpSerialize.encode(named(5))), 'a:2:{s:2:"ok";i:1;i:5;i:1;}')
  })

  it('may be as deep as PHP reads it, and no deeper', () => {
    const nested = (depth: number) => `${'a:1:{i:0;'.repeat(depth)}N;${'}'.repeat(depth)}`
    assert.equal(again(`a|${nested(4096)}`), `a|${nested(4096)}`)
    assert.throws(() => decoded(`a|${nested(4097)}`), /nested more than 4096 deep, at byte 36871/)
    const payload = nested(4096)
    assert.ok('serialized' in (value(`C:1:"S":${payload.length}:{${payload}}`) as PhpCustom).payload)
    const outer = { x: [decoded(`a|${nested(4096)}`).get('a')!] }
    assert.throws(() => encoded(outer), /is nested more than 4096 deep$/)
  })

  it('may have 128 MiB, and no more', () => {
    const bytes = new Uint8Array(128 * 1024 * 1024 + 1)
    assert.throws(() => encoded({ bytes }), { code: 'ERR_SESSION_TOO_LARGE' })
    assert.throws(() => php.decode(bytes), PhpFormatError)
  })

  it('may encode another session on the way', () => {
    const data = {
      get inner() {
        return latin1(php.encode(new Map([['a', 'b']])))
      },
    }
    assert.equal(encoded({ x: data }), 'x|a:1:{s:5:"inner";s:10:"a|s:1:"b";";}')
  })
})

describe('what is no session', () => {
  it('is an error that says where', () => {
    const wrong: readonly (readonly [string, number])[] = [
      ['a', 0],
      ['a|', 2],
      ['a|i:5', 5],
      ['a|i: 5;', 4],
      ['a|b:2;', 4],
      ['a|s:5:"abc";', 5],
      ['a|s:2:"abc";', 9],
      ['a|x:1;', 2],
      ['a|a:1:{N;i:1;}', 7],
      ['a|a:2:{i:0;i:1;}', 15],
      ['a|i:1;\n', 6],
      ['a|R:1;', 4],
      ['a|i:1;b|r:1;', 10],
      ['a|O:3:"a-b":0:{}', 7],
      ['a|O:1:"\x7f":0:{}', 7],
      ['a|a:99999999:{}', 14],
      ['a|a:2:{i:0;i:1;i:0;R:2;}', 21],
      ['a|E:4:"Suit";', 4],
      ['a|E:6:"Suit:5";', 4],
    ]
    for (const [text, offset] of wrong) {
      assert.throws(
        () => decoded(text),
        (error) => error instanceof PhpFormatError && error.offset === offset,
        text,
      )
    }
  })

  it('is found out at once, however long', () => {
    const digits = '9'.repeat(300_000)
    const before = process.cpuUsage()
    for (const text of [
      `d:${digits}x;`,
      `d:${digits}`,
      `s:${digits}:"`,
      `a:${digits}:{`,
      `O:1:"X":${digits}:{`,
      `i:${digits}`,
    ]) {
      assert.throws(() => value(text), PhpFormatError)
    }
    // 35 seconds where each digit is tried with each other.
    assert.ok(process.cpuUsage(before).user < 5_000_000)
  })

  it('is not what php_binary has in the top bit of a length', () => {
    assert.deepEqual(phpBinary.decode(Buffer.from('\x81ai:1;', 'latin1')), new Map([['a', 1]]))
  })

  it('is an empty session when it is empty', () => {
    for (const format of [php, phpSerialize, phpBinary]) assert.deepEqual(format.decode(new Uint8Array()), new Map())
    assert.deepEqual(phpSerialize.decode(Buffer.from('N;')), new Map())
  })

  it('is what php_serialize has beside an array', () => {
    for (const text of ['i:5;', 'O:8:"stdClass":0:{}', 's:1:"a";', 'a:1:{s:1:"x";R:1;}']) {
      assert.throws(() => phpSerialize.decode(Buffer.from(text)), /A session is an array/)
    }
  })
})

describe('keys', () => {
  it('are integers where PHP makes them integers', () => {
    const names = [
      '5',
      '-5',
      '0',
      '05',
      '-0',
      '',
      '5.0',
      ' 5',
      '+5',
      '9007199254740993',
      '-9223372036854775808',
      '9223372036854775808',
    ]
    const keys = [
      5,
      -5,
      0,
      '05',
      '-0',
      '',
      '5.0',
      ' 5',
      '+5',
      9007199254740993n,
      -9223372036854775808n,
      '9223372036854775808',
    ]
    assert.deepEqual(names.map(toPhpKey), keys)
  })
})

function decoded(text: string): Map<PhpKey, PhpValue> {
  return php.decode(Buffer.from(text, 'latin1'))
}

function value(text: string): PhpValue {
  return decoded(`x|${text}`).get('x')!
}

function encoded(session: { readonly [name: string]: PhpValue }): string {
  return latin1(php.encode(new Map(Object.entries(session))))
}

function again(text: string): string {
  return latin1(php.encode(decoded(text)))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
