import { PhpFormatError } from './error.ts'
import { Output } from './output.ts'
import { type ReadCustom, Reader } from './reader.ts'
import type { PhpCustom, PhpKey, PhpValue } from './values.ts'
import { Writer } from './writer.ts'

type Session = Map<PhpKey, PhpValue>

/** What is particular to a format: how names and values stand in it. */
export interface Layout {
  readonly read: (reader: Reader) => Session
  readonly write: (session: ReadonlyMap<PhpKey, PhpValue>, writer: Writer, output: Output) => void
}

const largestKept = 64 * 1024
/** Taken while it is in use: a getter in the data may encode another session. */
let spare: Output | undefined

export function encodeSession(session: ReadonlyMap<PhpKey, PhpValue>, layout: Layout): Uint8Array {
  const output = spare ?? new Output(4096)
  spare = undefined
  output.length = 0
  layout.write(session, new Writer(output), output)
  const bytes = output.copy()
  if (output.capacity <= largestKept) spare = output
  return bytes
}

export function decodeSession(bytes: Uint8Array, layout: Layout): Session {
  const reader = new Reader(bytes, { payloads: 'values' })
  try {
    const session = layout.read(reader)
    if (reader.customs.length === 0 || comeBack(reader.customs, session, layout)) return session
  } catch (error) {
    if (!(error instanceof PhpFormatError) || reader.customs.length === 0) throw error
  }
  // A payload that only looked like a value.
  return layout.read(new Reader(bytes, { payloads: 'bytes' }))
}

/** Whether each payload that was read as a value will be the same bytes again. */
function comeBack(customs: readonly ReadCustom[], session: Session, layout: Layout): boolean {
  const read = new Map<PhpCustom, Uint8Array>()
  for (const { custom, payload, root } of customs) {
    if (!root) continue
    // What was read later may share it.
    Object.assign(custom.payload, { serialized: root.at(0) })
    read.set(custom, payload)
  }
  const output = new Output(4096)
  const writer = new Writer(output)
  let areSame = true
  writer.onPayload = (custom, written) => {
    areSame &&= Buffer.compare(written, read.get(custom) ?? written) === 0
  }
  try {
    layout.write(session, writer, output)
  } catch {
    return false
  }
  return areSame
}
