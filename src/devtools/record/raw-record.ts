import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { SessionId, Store } from '../../core/store.ts'
import { mask, masked, type Secrets } from '../secrets.ts'

/** A session's record as it is stored. */
export interface RawRecord {
  /** Of a file, the end of its path. Of any other store, the record's key, or what `nameOf` makes of it. */
  path: string
  bytes: number
  /** The store's fields, the protocol's, then one line for each key of the data. Hashes are shortened, secrets masked, long data cut off. */
  lines: string[]
}

/** A store, and how to read what lies there. */
export interface Depot {
  readonly store: Store
  readonly clock: () => number
  readonly secrets: Secrets
  /** What the store calls the place of a record: a key, a row. */
  readonly nameOf?: ((id: SessionId) => string) | undefined
}

const shownBytes = 4096

/** What the store wrote, not what the library makes of it. Undefined: there is no record. */
export async function readRawRecord(depot: Depot, id: SessionId): Promise<RawRecord | undefined> {
  const { store } = depot
  const stored =
    'pathOf' in store && !depot.nameOf ? await readFileOf(store as FileBacked, id) : await readRecordOf(depot, id)
  if (!stored) return undefined
  const { path, bytes, content } = stored
  const lines = content.toString().split('\n')
  return { path: path.replaceAll(id, `${id.slice(0, 8)}…`), bytes, lines: shown(lines, bytes, depot.secrets) }
}

interface Stored {
  readonly path: string
  readonly bytes: number
  /** From the beginning, `shownBytes` at most. */
  readonly content: Buffer
}

/** The file store: it says where a record's file is. */
type FileBacked = Store & { pathOf(id: SessionId): string }

async function readFileOf(store: FileBacked, id: SessionId): Promise<Stored | undefined> {
  const file = store.pathOf(id)
  try {
    const { size } = await stat(file)
    const chunks: Buffer[] = []
    for await (const chunk of createReadStream(file, { end: shownBytes - 1 })) chunks.push(chunk)
    // Within the store's directory: where that is on this machine is nobody's business.
    const path = file.split(/[\\/]/).slice(-3).join('/')
    return { path, bytes: size, content: Buffer.concat(chunks) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function readRecordOf({ store, clock, nameOf }: Depot, id: SessionId): Promise<Stored | undefined> {
  const record = await store.read(id, { now: clock(), signal: AbortSignal.timeout(2_000) })
  if (!record) return undefined
  const { version, expiresAt, lastSeenAt, userId, openedAt, body } = record
  const fields = { id, version, expiresAt, lastSeenAt, userId, openedAt, bytes: body.byteLength }
  const line = Buffer.from(`${JSON.stringify(fields)}\n`)
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, shownBytes))
  return { path: nameOf?.(id) ?? id, bytes: body.byteLength, content: Buffer.concat([line, start]) }
}

function shown([store = '', protocol = '', ...data]: string[], bytes: number, secrets: Secrets): string[] {
  const fields = parsed(protocol)
  const head = [shortenHashes(store), protocolLine(protocol, fields, secrets)]
  if (fields?.sealed !== undefined)
    return [...head, `(sealed: ${bytes.toLocaleString('en')} bytes in all, which only the key opens)`]
  return [...head, ...data.map((line) => dataLine(line, bytes, fields?.codec, secrets))]
}

type Fields = Record<string, unknown> & { sealed?: unknown; codec?: unknown }

function parsed(line: string): Fields | undefined {
  try {
    const fields: unknown = JSON.parse(line)
    return typeof fields === 'object' && fields !== null ? (fields as Fields) : undefined
  } catch {
    return undefined
  }
}

/** What guards note down may be what proves something; messages and devices are the application's words. */
function protocolLine(line: string, fields: Fields | undefined, secrets: Secrets): string {
  if (!fields) return '(longer than can be shown)'
  const { guards, flash, sealed } = fields
  if (guards === undefined && flash === undefined && sealed === undefined) return shortenHashes(line)
  const hidden = (value: unknown, isHidden: (text: string) => boolean): unknown =>
    JSON.parse(JSON.stringify(value), (_key, each) => (typeof each === 'string' && isHidden(each) ? mask : each))
  const safe = {
    ...fields,
    ...(guards !== undefined && {
      guards: Object.fromEntries(Object.keys(Object(guards)).map((name) => [name, mask])),
    }),
    ...(flash !== undefined && { flash: hidden(masked(flash, secrets), secrets.mayHide) }),
    ...(sealed !== undefined && { sealed: mask }),
  }
  return shortenHashes(JSON.stringify(safe))
}

function shortenHashes(line: string): string {
  return line.replaceAll(/"([\w+/-]{8})[\w+/-]{8,}={0,2}"/g, '"$1…"')
}

function dataLine(line: string, bytes: number, codec: unknown, secrets: Secrets): string {
  const [name = ''] = /^(?:"(?:[^"\\]|\\.)*"|[^:]*)/.exec(line) ?? []
  const value = line.slice(name.length + 1)
  const key = name.startsWith('"') ? (parsedText(name) ?? name) : name
  // Of what another codec wrote nobody can say what is in it.
  const isForeign = codec !== undefined || !/^(~?[[{"\d-]|true|false|null)/.test(value)
  if (isForeign || secrets.isSecret(key) || secrets.mayHide(value)) return `${name}:${mask}`
  return line.length > 600 ? `${line.slice(0, 600)}… (${bytes.toLocaleString('en')} bytes in all)` : line
}

function parsedText(json: string): string | undefined {
  try {
    return String(JSON.parse(json))
  } catch {
    return undefined
  }
}
