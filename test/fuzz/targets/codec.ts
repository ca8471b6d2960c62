import assert from 'node:assert/strict'
import { codec } from 'coatcheck'
import type { Target } from '../engine/target.ts'
import { isSameValue } from './same-value.ts'

/** One stored value: what is decoded of any text is kept exactly, and has one text. */
export function open(): Target {
  return { seeds: valueTexts, words: valueWords, separator: ',', maxBytes: 65_536, run }
}

function run(input: Uint8Array): string {
  const text = Buffer.from(input).toString()
  let value: unknown
  try {
    value = codec.decode(text)
  } catch (error) {
    assert.ok(error instanceof Error)
    return `refused: ${/^\w+ \w+/.exec(error.message)}`
  }
  const encoded = codec.encode(value, 'key')
  assert.ok(!encoded.includes('\n'), 'the codec writes one line')
  const again = codec.decode(encoded)
  assert.ok(isSameValue(again, value), `${text} comes back as another value: ${encoded}`)
  if (!text.startsWith('~')) assert.ok(isSameValue(value, JSON.parse(text)), `${text} is JSON for something else`)
  assert.equal(codec.encode(again, 'key'), encoded, `equal values have two texts: ${encoded}`)
  return `${text.startsWith('~') ? 'rich' : 'plain'} ${Object.prototype.toString.call(value)}`
}

/** What the codec writes, of every type. */
export const valueTexts: readonly string[] = [
  '1',
  '-0.5e-7',
  '"text"',
  'null',
  'true',
  '{"a":1,"b":[true,null,"\\u00e9\\ud83e\\udde5"],"c":{}}',
  '~-1',
  '~-6',
  '~[["Date","2026-11-24T00:00:00.000Z"]]',
  '~[["Date",""]]',
  '~[["BigInt","1180591620717411303424"]]',
  '~[["Map",1,2,3,4],"a",["Set",5,6],"b",{"self":0},1,["BigInt","2"]]',
  '~[{"self":0,"list":1},[2,2,0],{"n":3},-4]',
  '~[["null","a",1],-1]',
  '~[["Uint8Array",1],["ArrayBuffer","AQL/"]]',
  '~[["Float64Array",1],["ArrayBuffer","AAAAAAAA8D8AAAAAAADwvw=="]]',
  '~[["View",1],[2,3],1,["ArrayBuffer","AQL/"]]',
  '~[["Uint8Array",1,1,1],["ArrayBuffer","AQL/"]]',
  '~[[1,1],["ArrayBuffer",""]]',
  '~[["Object",1],"boxed"]',
  '~[["RegExp","(a+)+$","g"]]',
  '~[["URL","https://shop.example/"]]',
  '~[-7,3,0,1,"sparse"]',
  '{"__proto__":{"isAdmin":true}}',
  '{"a":{"__pr\\u006fto__":1}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '~[{"__proto__":1},{"isAdmin":2},true]',
  '~[["null","__proto__",1],{"isAdmin":2},true]',
  '~[["Map",1,2],"__proto__",{"isAdmin":3},true]',
  `${'['.repeat(255)}1${']'.repeat(255)}`,
]

export const valueWords: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'valueOf',
  'length',
  'then',
  'hasOwnProperty',
  '"__proto__"',
  '"__proto__":{"isAdmin":true},',
  '"__pr\\u006fto__":',
  '"constructor":{"prototype":{"isAdmin":true}}',
  '"\\ud800"',
  '\u0000',
  '"\\u0000"',
  '\xf0\x9f\xa7\xa5',
  '\xff',
  '~',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '"',
  '\\',
  '[-7,4294967295]',
  '-1',
  '-2',
  '-3',
  '-4',
  '-5',
  '-6',
  '-7',
  '[["Map",0,0]]',
  '["Set",0]',
  '["Date","-271821-04-20T00:00:00.000Z"]',
  '["BigInt","-0"]',
  '["BigInt","0x10"]',
  '["BigInt",""]',
  '["Object",1]',
  '["null","__proto__",1]',
  '["View",1]',
  '["ArrayBuffer","AAAAAAAAAAA="]',
  '["BigUint64Array",1]',
  '["Int8Array",1,1,2]',
  '["DataView",1]',
  '["URLSearchParams","a=1"]',
  '["Temporal.Instant","2026-11-24T00:00:00Z"]',
]
