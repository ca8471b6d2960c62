import { createHash } from 'node:crypto'
import { now, ticketOf } from './visiting.ts'

export const hashOf = (secret: Uint8Array): string => createHash('sha256').update(secret).digest('base64url')

/** The protocol's fields of a session that is a minute old. */
export function fieldsOf(user: string): { [field: string]: unknown } {
  return {
    format: 1,
    epoch: 'epoch',
    current: hashOf(ticketOf(user).secret),
    spent: [],
    turn: 'turn',
    deadline: now + 3_600_000,
    createdAt: now - 60_000,
    rotatedAt: now - 60_000,
  }
}

/** A record's body: the fields, then a line for each key. */
export function bodyOf(fields: { [field: string]: unknown }, lines: readonly string[]): string {
  return [JSON.stringify({ ...fields, keys: lines.length }), ...lines].join('\n')
}

/** Says as many keys as there are. */
export function withKeysCounted(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body).toString('latin1')
  const count = text.split('\n').length - 1
  return Buffer.from(text.replace(/"keys":\s*-?[\w.+]*/, `"keys":${count}`), 'latin1')
}

/** What the bytes of a body say, read in the plainest way; undefined for what says nothing. */
export interface Reading {
  readonly fields: { readonly [field: string]: unknown }
  readonly data: ReadonlyMap<string, string>
}

export function readBody(body: Uint8Array): Reading | undefined {
  try {
    const [first = '', ...lines] = Buffer.from(body).toString().split('\n')
    const data = lines.map((line): [string, string] => {
      const [quoted] = /^"(?:[^"\\]|\\.)*"(?=:)/.exec(line) ?? []
      const colon = quoted?.length ?? line.indexOf(':')
      if (colon < 0) throw new Error('no name')
      return [quoted ? JSON.parse(quoted) : line.slice(0, colon), line.slice(colon + 1)]
    })
    return { fields: { ...JSON.parse(first) }, data: new Map(data) }
  } catch {
    return undefined
  }
}

/** Words of a record. */
export const recordWords: readonly string[] = [
  '"current":',
  '"previous":{"hash":"h","salt":"s"}',
  '"previous":null',
  '"confirmedAt":1',
  '"spent":["1","2","3","4"]',
  '"spent":{"length":0}',
  '"keys":0',
  '"keys":2',
  '"format":2',
  '"format":0',
  '"format":"1"',
  '"format":1',
  '"codec":"other"',
  '"remembered":true',
  '"remembered":1',
  '"authenticatedAt":1',
  '"flash":[{"id":"i","kind":"k","text":"t"}]',
  '"flash":[]',
  '"device":{}',
  '"deadline":8640000000000001',
  '"deadline":1e308',
  '"createdAt":-1e308',
  '"rotatedAt":0',
  '"epoch":""',
  '"__proto__":{"current":"x"}',
  '"__proto__":null,',
  '__proto__:{"isAdmin":true}',
  '"__proto__":{"isAdmin":true}',
  '"__pr\\u006fto__":1',
  '"":1',
  ':',
  '"a b":',
  '\n',
  '\r\n',
  '\u0000',
  '\xef\xbb\xbf',
  '\xed\xa0\x80',
  '\xff',
]
