/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pieces = [
  ...['N;', 'b:1;', 'b:2;', 'i:+5;', 'i:-0;', 'i:007;', 'i: 5;', 'i:5', 'i:;', 'i:9223372036854775808;'],
  ...['i:-9223372036854775809;', 'i:18446744073709551615;', 'i:99999999999999999999;', 'i:100000000000000000000;'],
  ...[
    'd:5;',
    'd:.5;',
    'd:5.;',
    'd:.;',
    'd:1e3;',
    'd:1E+400;',
    'd:+1.5;',
    'd:INF;',
    'd:+INF;',
    'd:-INF;',
    'd:NAN;',
    'd:inf;',
  ],
  ...[
    'd:0.10000000000000001;',
    'd:1e;',
    'd:-0;',
    's:0:"";',
    's:1:"5";',
    's:2:"5";',
    's:1:"a"',
    's:-1:"";',
    's:+1:"a";',
  ],
  ...['S:1:"\\41";', 'S:2:"a\\4g";', 'S:1:"a";', 's:18446744073709551617:"a";', 's:01:"a";', 'a:0:{}', 'a:+1:{i:0;N;}'],
  ...[
    'a:1:{i:0;N;}',
    'a:1:{N;N;}',
    'a:1:{i:0;}',
    'a:2:{i:0;N;i:0;i:2;}',
    'a:2:{i:5;N;s:1:"5";i:2;}',
    'a:2:{s:1:"k";N;s:1:"k";i:2;}',
  ],
  ...['a:99999999:{}', 'a:1:{s:9:"__proto__";i:1;}', 'a:1:{s:20:"-9223372036854775808";i:1;}', 'a:1:{s:2:"-0";i:1;}'],
  ...['R:1;', 'R:2;', 'R:3;', 'R:4;', 'r:1;', 'r:2;', 'r:3;', 'R:0;', 'R:99;', 'R:-1;', 'r:18446744073709551617;'],
  ...[
    'O:8:"stdClass":0:{}',
    'O:8:"STDCLASS":1:{i:5;N;}',
    'O:8:"stdClass":1:{s:1:"a";R:1;}',
    'O:3:"Foo":1:{s:1:"a";r:2;}',
  ],
  ...[
    'O:3:"Foo"::{}',
    'O:3:"Foo":+0:{}',
    'O:3:"F-o":0:{}',
    'O:0:"":0:{}',
    'O:4:"\\Foo":0:{}',
    'O:7:"Foo\\Bar":0:{}',
    'O:3:"Foo":-1:{}',
  ],
  ...[
    'E:11:"Suit:Hearts";',
    'E:11:"Suit:Spades";',
    'E:10:"Suit:Clubs";',
    'E:4:"Suit";',
    'o:0:{}',
    'x|',
    '|',
    'a|i:1;',
    '}',
    '{',
    '\n',
    '\x01',
    '\x81a',
  ],
]

/** One to three changes of a kind that bit rot, bugs and attackers make. */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  let text = bytes.toString('latin1')
  const upTo = (limit: number) => Math.floor(random() * limit)
  for (let changes = 1 + upTo(3); changes > 0; changes--) {
    const at = upTo(text.length + 1)
    const length = upTo(8)
    const piece = pieces[upTo(pieces.length)]!
    const kinds = [
      () => text.slice(0, at) + text.slice(at + 1),
      () => text.slice(0, at),
      () => text.slice(0, at) + String.fromCharCode(upTo(256)) + text.slice(at + 1),
      () => text.slice(0, at) + text.slice(at, at + length) + text.slice(at),
      () => text.slice(0, at) + piece + text.slice(at),
      () => withDigit(text, at, upTo(10)),
      () => withDigit(text, at, upTo(10)),
      () => withValue(text, at, piece),
      () => withValue(text, at, piece),
      () => withValue(text, at, piece),
    ]
    text = kinds[upTo(kinds.length)]!()
  }
  return Buffer.from(text, 'latin1')
}

/** Another digit in the next number. */
function withDigit(text: string, from: number, digit: number): string {
  const at = text.slice(from).search(/\d/)
  return at < 0 ? text : text.slice(0, from + at) + digit + text.slice(from + at + 1)
}

/** Another value in place of the next short one: what a well-formed session could have there. */
function withValue(text: string, from: number, piece: string): string {
  const found = /[bi]:[\d-]+;|N;|s:(\d+):"[^"]*";|[rR]:\d+;|a:0:\{\}/.exec(text.slice(from))
  if (!found) return text
  const at = from + found.index
  return text.slice(0, at) + piece + text.slice(at + found[0].length)
}
