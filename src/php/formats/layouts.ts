import { Frame } from './frame.ts'
import { bytesOfText } from './keys.ts'
import type { Reader } from './reader.ts'
import type { Layout } from './session.ts'
import type { PhpKey, PhpValue } from './values.ts'
import type { Writer } from './writer.ts'

const bar = 124

/** `name|value`, again and again. */
export const php: Layout = {
  read: (reader) =>
    readNamed(reader, () => {
      const start = reader.at
      const end = reader.text.indexOf('|', start)
      if (end < 0) reader.fail('A name should end with |')
      reader.at = end + 1
      return reader.name(start, end)
    }),
  write: (session, writer, output) =>
    writeNamed(session, writer, (name) => {
      if (name.includes(bar))
        writer.refuse("under a name with a |, with which PHP's format php loses the whole session")
      output.bytes(name)
      output.byte(bar)
    }),
}

/** The length of the name in one byte, the name, the value, again and again. */
export const phpBinary: Layout = {
  read: (reader) =>
    readNamed(reader, () => {
      const start = reader.at + 1
      const end = start + (reader.text.charCodeAt(reader.at) & 127)
      if (end > reader.end) reader.fail("A name doesn't fit into the data")
      reader.at = end
      return reader.name(start, end)
    }),
  write: (session, writer, output) =>
    writeNamed(session, writer, (name) => {
      if (name.length > 127)
        writer.refuse("under a name of more than 127 bytes, which PHP's format php_binary leaves out")
      output.byte(name.length)
      output.bytes(name)
    }),
}

/** The session as one array. */
export const phpSerialize: Layout = {
  read: (reader) => {
    if (reader.end === 0) return new Map()
    const root = new Frame(undefined, 1)
    reader.readInto(root)
    const session = root.at(0)
    if (session === null) return new Map()
    if (Array.isArray(session)) return new Map(session.entries())
    if (session instanceof Map) return session
    return isRecord(session)
      ? new Map(Object.entries(session))
      : reader.fail('A session is an array that does not refer to itself', 0)
  },
  write: (session, writer) => writer.write(session),
}

function readNamed(reader: Reader, readName: () => string): Map<PhpKey, PhpValue> {
  const roots = new Map<PhpKey, Frame>()
  while (reader.at < reader.end) {
    const name = readName()
    const root = new Frame(undefined, 1)
    reader.readInto(root)
    roots.set(name, root)
  }
  const session = new Map<PhpKey, PhpValue>()
  for (const [name, root] of roots) session.set(name, root.at(0)!)
  return session
}

function writeNamed(session: ReadonlyMap<PhpKey, PhpValue>, writer: Writer, writeName: (name: Buffer) => void): void {
  for (const [name, value] of session) {
    writer.name = name
    if (typeof name !== 'string') writer.refuse('under an integer name, which PHP leaves out of this format')
    const bytes = bytesOfText(name)
    if (!bytes) writer.refuse('under a name with half a character (a lone surrogate)')
    writeName(bytes)
    writer.write(value)
  }
}

function isRecord(value: PhpValue | undefined): value is { [key: string]: PhpValue } {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
