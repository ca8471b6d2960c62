import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import type { SessionId } from 'coatcheck'
import type { FileStore } from 'coatcheck/stores/file'

/** A session's record as it lies on the disk. */
export interface RawRecord {
  /** Within the store's directory. */
  path: string
  bytes: number
  /** The file's lines, with hashes shortened and long data cut off: the store's fields, the protocol's, then one for each key of the data. */
  lines: string[]
}

/** A store, and the directory that it keeps its files in. */
export interface StoredIn {
  readonly store: FileStore
  readonly directory: string
}

const shownBytes = 4096

/**
 * Reads the file that the store wrote, not what the library makes of it. Undefined: there is none.
 *
 * How it is laid out: `src/stores/file/record-file.ts` and `src/core/record-body.ts`. Hashes of secrets open nothing; they are shortened to be readable.
 */
export async function readRawRecord({ store, directory }: StoredIn, id: SessionId): Promise<RawRecord | undefined> {
  const file = store.pathOf(id)
  const path = relative(directory, file)
  try {
    const { size } = await stat(file)
    const chunks: Buffer[] = []
    for await (const chunk of createReadStream(file, { end: shownBytes - 1 })) chunks.push(chunk)
    const [store = '', protocol = '', ...data] = Buffer.concat(chunks).toString().split('\n')
    const lines = [shortenHashes(store), shortenHashes(protocol), ...data.map((line) => cutOff(line, size))]
    return { path: path.replace(id, `${id.slice(0, 8)}…`), bytes: size, lines }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function shortenHashes(line: string): string {
  return line.replaceAll(/"([\w+/-]{8})[\w+/-]{8,}={0,2}"/g, '"$1…"')
}

function cutOff(data: string, size: number): string {
  return data.length > 600 ? `${data.slice(0, 600)}… (${size.toLocaleString('en')} bytes in all)` : data
}
