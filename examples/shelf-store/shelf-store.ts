import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { CorruptRecordError, type SessionId, type SessionRecord, type Store } from 'coatcheck'

/** A box is a directory; its label is the name of an empty file in it: `<name of the content>.<expiresAt>.<lastSeenAt>`. */
interface Box {
  readonly label: string
  readonly content: string
  readonly record: SessionRecord
}

/**
 * Sessions in boxes on a shelf, a directory that the processes of a machine share.
 *
 * Its compare-and-set is rename(2) of the label: the old name is gone for all but one of those who rename it. A box is set
 * up elsewhere and renamed to its place, and renamed away before it is emptied. So nothing is ever locked.
 */
export function shelfStore(shelf: string): Store {
  fs.mkdirSync(shelf, { recursive: true, mode: 0o700 })
  const open = (id: SessionId, before?: string): Box | undefined => {
    const names = isId(id) ? unless('ENOENT', () => fs.readdirSync(join(shelf, id))) : undefined
    const label = names?.find((name) => name.includes('.'))
    if (!label) return undefined
    if (label === before) throw new CorruptRecordError(`${id} has a label, and no content`)
    const [content = '', expiresAt, lastSeenAt] = label.split('.')
    const bytes = unless('ENOENT', () => fs.readFileSync(join(shelf, id, content)))
    if (!bytes) return open(id, label) // Written since the label was read.
    const times = { expiresAt: Number(expiresAt), lastSeenAt: Number(lastSeenAt) }
    return { label, content, record: { ...deserialize(bytes), ...times } }
  }
  const live = (box: Box | undefined, now: number) => (box && box.record.expiresAt > now ? box.record : undefined)

  /** True if the label was still there. */
  const relabel = (id: SessionId, from: string, to: string): boolean =>
    unless('ENOENT', () => fs.renameSync(join(shelf, id, from), join(shelf, id, to)) ?? true) === true

  const create = (record: SessionRecord): boolean => {
    const prepared = join(shelf, `new-${randomUUID()}`)
    fs.mkdirSync(prepared)
    fs.writeFileSync(join(prepared, 'first'), serialize(record))
    fs.writeFileSync(join(prepared, labelOf(record, 'first')), '')
    const isPlaced = unless('ENOTEMPTY', () => fs.renameSync(prepared, join(shelf, record.id)) ?? true) === true
    if (!isPlaced) fs.rmSync(prepared, { recursive: true })
    return isPlaced
  }

  const replace = ({ label, content: old }: Box, record: SessionRecord): boolean => {
    const content = randomUUID()
    const isStored = unless(
      'ENOENT',
      () => fs.writeFileSync(join(shelf, record.id, content), serialize(record)) ?? true,
    )
    const isDone = isStored === true && relabel(record.id, label, labelOf(record, content))
    fs.rmSync(join(shelf, record.id, isDone ? old : content), { force: true })
    return isDone
  }

  const remove = (id: SessionId): void => {
    const away = join(shelf, `old-${randomUUID()}`)
    if (isId(id)) unless('ENOENT', () => fs.renameSync(join(shelf, id), away))
    fs.rmSync(away, { recursive: true, force: true })
  }

  return {
    durability: 'kept',
    read: (id, { now }) => live(open(id), now),
    write(record, expected, { now }) {
      if (!isId(record.id)) throw new TypeError('a session id has 64 lower-case hexadecimal digits')
      for (;;) {
        const box = open(record.id)
        const current = live(box, now)
        if (current?.version === record.version) return { ok: true }
        if (current?.version !== expected) return current ? { ok: false, current } : { ok: false }
        if (box ? replace(box, record) : create(record)) return { ok: true }
        if (!box && !open(record.id)) return { ok: false } // A box without a label is being cleared away.
      }
    },
    touch(id, times, { now }) {
      for (let box = open(id); box && live(box, now); box = open(id)) {
        const expiresAt = Math.max(box.record.expiresAt, times.expiresAt)
        const lastSeenAt = Math.max(box.record.lastSeenAt, times.lastSeenAt)
        if (relabel(id, box.label, labelOf({ ...box.record, expiresAt, lastSeenAt }, box.content))) return
      }
    },
    delete: remove,
    *list({ now }) {
      for (const name of fs.readdirSync(shelf)) {
        const record = isId(name) ? live(open(name), now) : undefined
        if (record) yield record
      }
    },
    /** Looks at every box: good for a small shelf. */
    deleteExpired({ now, batch }) {
      let removed = 0
      for (const name of fs.readdirSync(shelf)) {
        const box = isId(name) && removed < batch ? open(name) : undefined
        if (!box || live(box, now) || !relabel(box.record.id, box.label, 'expired')) continue
        remove(box.record.id)
        removed++
      }
      return removed
    },
  }
}

const isId = (name: string): name is SessionId => /^[0-9a-f]{64}$/.test(name)

const labelOf = ({ expiresAt, lastSeenAt }: SessionRecord, name: string): string => `${name}.${expiresAt}.${lastSeenAt}`

/** Undefined where it fails with that code. */
function unless<T>(code: 'ENOENT' | 'ENOTEMPTY', act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error
  }
}
