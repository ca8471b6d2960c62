import fc from 'fast-check'

/** Names that mean something to JavaScript, and what an encoding may stumble over. */
const notable = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'valueOf',
  'hasOwnProperty',
  'then',
  'length',
  '',
  '0',
  '-1',
  '4294967295',
  'a:b',
  '"',
  '\\',
  '\n',
  '\r\n',
  '\u0000',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udc00',
  '\ud83e\udde5',
  '~',
]

/** Any text, with what is notable in it more often than chance would have it. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...notable),
  fc.string({ unit: 'binary' }),
  fc.array(fc.oneof(fc.constantFrom(...notable), fc.string({ unit: 'binary-ascii' }))).map((parts) => parts.join('')),
)

/** A text with one piece of it left out, put in or replaced. */
export function oneStepFrom(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom(...notable))
  return fc.tuple(text, fc.nat(), fc.nat({ max: 4 }), piece).map(([whole, place, length, instead]) => {
    const start = place % (whole.length + 1)
    return whole.slice(0, start) + instead + whole.slice(start + length)
  })
}
