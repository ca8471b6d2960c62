import type { Cipher, Holder, Sealing, SealNote } from './cipher.ts'
import { noTexts, type Texts } from './data.ts'
import { CorruptRecordError } from './errors.ts'
import {
  type Body,
  formatData,
  formatFields,
  isBody,
  orCorrupt,
  parseBody,
  parseData,
  parseFields,
  textOf,
} from './record-body.ts'
import type { SessionId, SessionRecord } from './store.ts'

/** How a record is sealed, or was found to be. */
export interface Seal {
  readonly note: SealNote
  /** The key of contents that are bound to the visitor, once it was unwrapped. */
  readonly contentKey: Uint8Array | undefined
  /** What is still sealed. Undefined: it has been opened. */
  readonly closed?: { readonly head: string; readonly contents: Uint8Array; readonly keys: number } | undefined
}

/** What a record's body holds. */
export interface Unsealed {
  readonly body: Body
  readonly data: Texts
  readonly seal?: Seal | undefined
}

interface Place {
  readonly id: SessionId
  readonly userId?: string | undefined
}

/**
 * The protocol's fields in clear, as the engine needs them before it knows who asks; what the server notes, sealed within them; then
 * the data and the visitor's messages, sealed.
 */
export function sealBody(
  cipher: Cipher,
  { id, userId }: Place,
  { body, data }: { readonly body: Body; readonly data: Texts },
  sealing: Sealing,
): { readonly bytes: Uint8Array; readonly seal: Seal } {
  const { flash, pending, device, guards, ...clear } = body
  const hasOwn = pending !== undefined || device !== undefined || guards !== undefined
  const own = hasOwn ? JSON.stringify({ pending, device, guards }) : undefined
  const parts = { own, contents: JSON.stringify({ flash }) + formatData(data) }
  const head = (sealed: SealNote) => formatFields({ ...clear, sealed }, data.size)
  const sealed = cipher.seal({ id, userId }, parts, sealing, head)
  const bytes = Buffer.concat([Buffer.from(`${sealed.head}\n`), sealed.contents])
  return { bytes, seal: { note: sealed.note, contentKey: sealed.contentKey } }
}

/** The same in return; what is bound to the visitor stays closed. Throws as `parseBody` does. */
export function openBody(cipher: Cipher, { id, userId, body: bytes }: SessionRecord): Unsealed {
  const end = bytes.indexOf(10)
  const found = orCorrupt((): Unsealed | undefined => {
    const head = textOf(bytes.subarray(0, end === -1 ? bytes.length : end))
    const { sealed: note, ...clear } = parseFields(head)
    if (!note) return undefined
    const body = { ...clear, ...JSON.parse(cipher.openOwn({ id, userId }, note) ?? '{}') } as Body
    if (!isBody(body)) throw new TypeError('what the server has noted is not as it should be')
    const closed = { head, contents: bytes.subarray(end + 1), keys: clear.keys }
    return { body, data: noTexts, seal: { note, contentKey: undefined, closed } }
  })
  if (found) return found.seal?.note.wraps ? found : openContents(cipher, { id, userId }, found, undefined)
  if (cipher.acceptsPlaintext) return parseBody(bytes)
  throw new CorruptRecordError('this record is not sealed')
}

/** With the visitor's secret, where it takes that. Throws `CorruptRecordError` where it can't be opened. */
export function openContents(
  cipher: Cipher,
  { id, userId }: Place,
  { body, data, seal }: Unsealed,
  holder: Holder | undefined,
): Unsealed {
  const closed = seal?.closed
  if (!closed) return { body, data, seal }
  return orCorrupt(() => {
    const place = { id, userId }
    const { note } = seal
    if (note.wraps && !holder) throw new TypeError('only its visitor can open it')
    const contentKey = note.wraps && holder ? cipher.unwrap(place, note, holder) : undefined
    const lines = cipher.openContents(place, { note, ...closed }, contentKey).split('\n')
    const opened = { ...body, ...JSON.parse(lines[0]!) } as Body
    if (!isBody(opened)) throw new TypeError('the visitor’s messages are not as they should be')
    return { body: opened, data: parseData(lines, closed.keys), seal: { note, contentKey } }
  })
}

/** Whether a record should be sealed anew on occasion. What is bound to its visitor waits for the next rotation. */
export function needsSealing(cipher: Cipher | undefined, seal: Seal | undefined): boolean {
  if (!cipher) return false
  return seal ? !seal.note.wraps && cipher.isOutdated(seal.note) : true
}
