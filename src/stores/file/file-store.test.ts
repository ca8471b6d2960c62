import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, Version } from '../../core/store.ts'
import { testStore } from '../../testing/index.ts'
import { type FileStore, type FileStoreOptions, fileStore } from './index.ts'

const now = Date.parse('2026-11-23T19:05:00Z')
const minute = 60_000
const options: { readonly now: number; readonly signal: AbortSignal } = {
  now,
  signal: new AbortController().signal,
}

function newId(): SessionId {
  return randomBytes(32).toString('hex') as SessionId
}

function newVersion(): Version {
  return randomBytes(16).toString('hex') as Version
}

/** Alice's session, unless told otherwise. */
function newRecord(changes: Partial<SessionRecord> & { readonly text?: string } = {}): SessionRecord {
  const { text = '{"user_id":1,"username":"alice"}\n', ...fields } = changes
  return {
    id: newId(),
    version: newVersion(),
    expiresAt: now + 30 * minute,
    lastSeenAt: now,
    body: new TextEncoder().encode(text),
    ...fields,
  }
}

/** A path for a store, removed after the test. */
function newDirectory(t: TestContext): string {
  const parent = fs.mkdtempSync(join(tmpdir(), 'coatcheck-file-store-'))
  t.after(() => fs.rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'sessions')
}

function open(t: TestContext, settings?: FileStoreOptions): { store: FileStore; directory: string } {
  const directory = newDirectory(t)
  return { store: fileStore(directory, settings), directory }
}

function at(time: number) {
  return { ...options, now: time }
}

async function all(records: AsyncIterable<SessionRecord> | Iterable<SessionRecord>): Promise<SessionRecord[]> {
  const found: SessionRecord[] = []
  for await (const record of records) found.push(record)
  return found
}

/** The files below a directory, without their directories. */
function filesIn(directory: string): string[] {
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
}

describe('a session in a file', () => {
  it('is one file that people can read', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    assert.deepEqual(await store.write(record, undefined, options), { ok: true })
    const path = store.pathOf(record.id)
    assert.equal(path, `${directory}/records/${record.id.slice(0, 2)}/sess_${record.id}`)
    const [header, data] = fs.readFileSync(path, 'utf8').split('\n')
    assert.deepEqual(JSON.parse(header ?? ''), {
      coatcheck: 1,
      id: record.id,
      version: record.version,
      expiresAt: record.expiresAt,
      lastSeenAt: now,
      bytes: 33,
    })
    assert.equal(data, '{"user_id":1,"username":"alice"}')
  })

  it('is read as it was written, by another store too', async (t) => {
    const { store, directory } = open(t)
    const binary = newRecord({ userId: 'Zoë\n"1"', openedAt: now - 5, body: Uint8Array.of(0, 10, 255, 13, 10, 0) })
    const empty = newRecord({ body: new Uint8Array(0) })
    for (const record of [binary, empty]) await store.write(record, undefined, options)
    const other = fileStore(directory)
    assert.deepEqual(other.read(binary.id, options), binary)
    assert.deepEqual(other.read(empty.id, options), empty)
  })

  it('is read without a promise', async (t) => {
    const { store } = open(t)
    const record = newRecord()
    assert.deepEqual(store.write(record, undefined, options), { ok: true })
    assert.deepEqual(store.read(record.id, options), record)
    assert.equal(store.read(newId(), options), undefined)
  })

  it('is created once', async (t) => {
    const { store } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const second = { ...record, version: newVersion() }
    assert.deepEqual(await store.write(second, undefined, options), { ok: false, current: record })
  })

  it('is replaced by a write that knows its version, and no other', async (t) => {
    const { store } = open(t)
    const first = newRecord()
    const second = { ...first, version: newVersion() }
    await store.write(first, undefined, options)
    assert.deepEqual(await store.write(second, first.version, options), { ok: true })
    const late = { ...first, version: newVersion() }
    assert.deepEqual(await store.write(late, first.version, options), { ok: false, current: second })
    assert.deepEqual(await store.write(second, first.version, options), { ok: true }, 'the same write again')
    assert.deepEqual(await store.write(second, undefined, options), { ok: true }, 'the same, as a create')
  })

  it('is absent from its last moment on, cleaned up or not', async (t) => {
    const { store } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const late = at(record.expiresAt)
    assert.deepEqual(await store.read(record.id, at(record.expiresAt - 1)), record)
    assert.equal(await store.read(record.id, late), undefined)
    assert.deepEqual(await store.write({ ...record, version: newVersion() }, record.version, late), { ok: false })
    assert.equal(await store.lockAndRead(record.id, { ...late, leaseMs: 1000 }), undefined)
    await store.touch(record.id, { expiresAt: now + 60 * minute, lastSeenAt: now }, late)
    assert.equal(await store.read(record.id, late), undefined)
    assert.deepEqual(await all(store.list(late)), [])
  })

  it('moves on in time, and never back', async (t) => {
    const { store } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    await store.touch(record.id, { expiresAt: record.expiresAt + 5, lastSeenAt: now - 5 }, options)
    assert.deepEqual(await store.read(record.id, options), { ...record, expiresAt: record.expiresAt + 5 })
    await store.touch(record.id, { expiresAt: record.expiresAt, lastSeenAt: now + 7 }, options)
    assert.deepEqual(await store.read(record.id, options), {
      ...record,
      expiresAt: record.expiresAt + 5,
      lastSeenAt: now + 7,
    })
  })

  it('stays gone once it is deleted', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    await store.delete(record.id, options)
    await store.delete(record.id, options)
    await store.touch(record.id, { expiresAt: now + 60 * minute, lastSeenAt: now }, options)
    assert.deepEqual(await store.write({ ...record, version: newVersion() }, record.version, options), { ok: false })
    assert.equal(await store.read(record.id, options), undefined)
    assert.deepEqual(filesIn(`${directory}/records`), [])
  })

  it('has an id of 64 hexadecimal digits; nothing else reaches a path', async (t) => {
    const { store } = open(t)
    for (const id of ['', '../../etc/passwd', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}\n`] as SessionId[]) {
      assert.equal(await store.read(id, options), undefined)
      assert.equal(await store.delete(id, options), undefined)
      assert.equal(await store.lockAndRead(id, { ...options, leaseMs: 1000 }), undefined)
      await assert.rejects(async () => store.write(newRecord({ id }), undefined, options), TypeError)
      assert.throws(() => store.pathOf(id), TypeError)
    }
  })

  it('keeps all of this with fsync', async (t) => {
    const { store } = open(t, { fsync: true })
    const first = newRecord({ userId: '1', openedAt: now })
    const second = { ...first, version: newVersion() }
    assert.deepEqual(await store.write(first, undefined, options), { ok: true })
    assert.deepEqual(await store.write(second, first.version, options), { ok: true })
    await store.touch(first.id, { expiresAt: first.expiresAt + 5, lastSeenAt: now }, options)
    assert.deepEqual(await store.read(first.id, options), { ...second, expiresAt: first.expiresAt + 5 })
    assert.equal(await store.users.deleteByUser('1', { ...options, notBefore: now }), 1)
    assert.equal(await store.read(first.id, options), undefined)
  })
})

describe('a file that is no session', () => {
  const whole = newRecord()
  const refused: Record<string, (path: string) => void> = {
    'an empty file': (path) => fs.writeFileSync(path, ''),
    'a truncated body': (path) => fs.truncateSync(path, fs.statSync(path).size - 1),
    'a truncated header': (path) => fs.truncateSync(path, 40),
    'something appended': (path) => fs.appendFileSync(path, 'x'),
    'a foreign file': (path) => fs.writeFileSync(path, 'user_id|i:1;username|s:5:"alice";'),
    'foreign JSON': (path) => fs.writeFileSync(path, '{"user_id":1}\n'),
    'JSON that is no object': (path) => fs.writeFileSync(path, 'null\n'),
    'binary noise': (path) =>
      fs.writeFileSync(
        path,
        Uint8Array.from({ length: 5000 }, (_, i) => (i * 89) % 256),
      ),
    'a header with a time that is none': (path) =>
      fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace(String(whole.expiresAt), '1e999')),
    'a header with a version that is none': (path) =>
      fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace(`"${whole.version}"`, '{"a":1}')),
    'the copy of another session': (path) =>
      fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace(whole.id, newId())),
    'a file of 100 MB': (path) => fs.truncateSync(path, 100 * 1024 * 1024),
    'a symbolic link to a whole record': (path) => {
      fs.renameSync(path, `${path}.elsewhere`)
      fs.symlinkSync(`${path}.elsewhere`, path)
    },
    'a symbolic link to nothing': (path) => {
      fs.rmSync(path)
      fs.symlinkSync('/nonexistent', path)
    },
    'a directory': (path) => {
      fs.rmSync(path)
      fs.mkdirSync(`${path}/sub`, { recursive: true })
    },
    'a pipe': (path) => {
      fs.rmSync(path)
      execFileSync('mkfifo', [path])
    },
  }
  for (const [what, damage] of Object.entries(refused)) {
    it(`is refused, and can be deleted: ${what}`, {
      skip: process.platform === 'win32' && 'POSIX files',
    }, async (t) => {
      const { store } = open(t)
      await store.write(whole, undefined, options)
      damage(store.pathOf(whole.id))
      await assert.rejects(async () => store.read(whole.id, options), CorruptRecordError)
      await assert.rejects(async () => store.lockAndRead(whole.id, { ...options, leaseMs: 1000 }), CorruptRecordError)
      assert.deepEqual(await store.write({ ...whole, version: newVersion() }, whole.version, options), { ok: false })
      await store.touch(whole.id, { expiresAt: now + 60 * minute, lastSeenAt: now }, options)
      assert.deepEqual(await all(store.list(options)), [])
      await store.delete(whole.id, options)
      assert.equal(fs.lstatSync(store.pathOf(whole.id), { throwIfNoEntry: false }), undefined)
    })
  }

  it('is removed by the clean-up when its session would have expired', async (t) => {
    const { store } = open(t)
    await store.write(whole, undefined, options)
    fs.writeFileSync(store.pathOf(whole.id), 'foreign')
    await store.deleteExpired({ ...at(whole.expiresAt), batch: 10 })
    assert.equal(fs.existsSync(store.pathOf(whole.id)), false)
  })

  it('that may not be read is a failure, not a visitor without a session; it can be deleted', async (t) => {
    if (process.getuid?.() === 0) {
      process.seteuid?.(65534)
      t.after(() => process.seteuid?.(0))
    }
    const { store } = open(t)
    const expired = newRecord()
    for (const record of [whole, expired]) await store.write(record, undefined, options)
    fs.chmodSync(store.pathOf(whole.id), 0)
    await assert.rejects(async () => store.read(whole.id, options), { code: 'EACCES' })
    await assert.rejects(async () => store.write({ ...whole, version: newVersion() }, whole.version, options), {
      code: 'EACCES',
    })
    assert.equal(await store.deleteExpired({ ...at(whole.expiresAt), batch: 10 }), 1)
    await store.delete(whole.id, options)
    assert.equal(fs.existsSync(store.pathOf(whole.id)), false)
  })

  it('larger than maxFileBytes is not written', async (t) => {
    const { store } = open(t, { maxFileBytes: 500 })
    await assert.rejects(async () => store.write(newRecord({ text: 'x'.repeat(500) }), undefined, options), RangeError)
  })
})

describe('a lock', () => {
  const lease = { ...options, leaseMs: 5000 }

  it('is granted in the order of asking', async (t) => {
    const { store, directory } = open(t)
    const other = fileStore(directory)
    const record = newRecord()
    await store.write(record, undefined, options)
    const first = await store.lockAndRead(record.id, lease)
    const order: number[] = []
    const waiting = [store, other, store, other, other, store].map(async (store, index) => {
      const locked = await store.lockAndRead(record.id, lease)
      order.push(index)
      assert.deepEqual(locked?.record, record)
      await locked?.lock.release()
    })
    await first?.lock.release()
    await Promise.all(waiting)
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5])
    assert.deepEqual(filesIn(`${directory}/records`), [`sess_${record.id}`])
  })

  it('shows its next holder what the one before wrote', async (t) => {
    const { store } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const first = await store.lockAndRead(record.id, lease)
    const second = store.lockAndRead(record.id, lease)
    const changed = { ...record, version: newVersion() }
    await store.write(changed, record.version, { ...options, unlock: first?.lock })
    assert.deepEqual((await second)?.record, changed)
  })

  it('stays with its holder when the write is refused', async (t) => {
    const { store } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const held = await store.lockAndRead(record.id, lease)
    await store.write({ ...record, version: newVersion() }, newVersion(), { ...options, unlock: held?.lock })
    assert.equal(await held?.lock.renew(5000), true)
    await held?.lock.release()
    await held?.lock.release()
    assert.equal(await held?.lock.renew(5000), false)
  })

  it('is waited for until the signal aborts, with its reason', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const held = await store.lockAndRead(record.id, lease)
    const controller = new AbortController()
    const waiting = store.lockAndRead(record.id, { ...lease, signal: controller.signal })
    const reason = new Error('5 s are over')
    controller.abort(reason)
    await assert.rejects(async () => waiting, reason)
    await held?.lock.release()
    assert.deepEqual(filesIn(`${directory}/records`), [`sess_${record.id}`])
  })

  it('passes on when its lease is over', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const lost = await store.lockAndRead(record.id, { ...options, leaseMs: 0 })
    const taken = await fileStore(directory).lockAndRead(record.id, lease)
    assert.deepEqual(taken?.record, record)
    assert.equal(await lost?.lock.renew(5000), false)
    await lost?.lock.release()
    assert.equal(await taken?.lock.renew(5000), true)
  })

  it('is not granted on what was deleted meanwhile', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const held = await store.lockAndRead(record.id, lease)
    const waiting = store.lockAndRead(record.id, lease)
    await store.delete(record.id, options)
    await held?.lock.release()
    assert.equal(await waiting, undefined)
    assert.deepEqual(filesIn(`${directory}/records`), [])
  })
})

describe("a user's sessions", () => {
  it('are listed and ended, but the one to keep', async (t) => {
    const { store } = open(t)
    const mine = [1, 2, 3].map(() => newRecord({ userId: '1', openedAt: now - 5 }))
    const other = newRecord({ userId: '2', openedAt: now - 5 })
    for (const record of [...mine, other]) await store.write(record, undefined, options)
    const ids = (records: SessionRecord[]) => records.map(({ id }) => id).sort()
    assert.deepEqual(ids(await all(store.users.list('1', options))), ids(mine))
    const except = mine[0]!.id
    assert.equal(await store.users.deleteByUser('1', { ...options, except, notBefore: now }), 2)
    assert.deepEqual(await all(store.users.list('1', options)), [mine[0]])
    assert.deepEqual(await all(store.users.list('2', options)), [other])
    assert.deepEqual(ids(await all(store.list(options))), [except, other.id].sort())
    assert.equal(await store.users.deleteByUser('1', { ...options, notBefore: now }), 1)
    assert.equal(await store.users.deleteByUser('1', { ...options, notBefore: now }), 0)
    assert.equal(await store.users.deleteByUser('nobody', { ...options, notBefore: now }), 0)
  })

  it('begin when an anonymous session signs in', async (t) => {
    const { store } = open(t)
    const anonymous = newRecord()
    const signedIn = { ...anonymous, version: newVersion(), userId: '1', openedAt: now }
    await store.write(anonymous, undefined, options)
    await store.write(signedIn, anonymous.version, options)
    assert.deepEqual(await all(store.users.list('1', options)), [signedIn])
  })

  it('do not begin by a sign-in that arrived before they were ended', async (t) => {
    const { store } = open(t)
    await store.users.deleteByUser('1', { ...options, notBefore: now })
    await store.users.deleteByUser('1', { ...options, notBefore: now - minute })
    const early = newRecord({ userId: '1', openedAt: now - 1 })
    assert.deepEqual(await store.write(early, undefined, options), { ok: false, reason: 'revoked' })
    const late = newRecord({ userId: '1', openedAt: now })
    assert.deepEqual(await store.write(late, undefined, options), { ok: true })
    const untimed = newRecord({ userId: '1' })
    assert.deepEqual(await store.write(untimed, undefined, options), { ok: false, reason: 'revoked' })
    assert.deepEqual(await all(store.list(options)), [late])
  })

  it('leave the list when they are deleted or have expired', async (t) => {
    const { store, directory } = open(t)
    const [deleted, expired] = [newRecord({ userId: '1' }), newRecord({ userId: '1' })]
    for (const record of [deleted, expired]) await store.write(record, undefined, options)
    await store.delete(deleted.id, options)
    assert.deepEqual(filesIn(`${directory}/users`), [`sess_${expired.id}`])
    assert.deepEqual(await all(store.users.list('1', at(expired.expiresAt))), [])
    assert.deepEqual(filesIn(`${directory}/users`), [])
  })

  it('can not begin while what is known of the user is damaged', async (t) => {
    const { store, directory } = open(t)
    await store.users.deleteByUser('1', { ...options, notBefore: now })
    const [file] = filesIn(`${directory}/users`)
    fs.writeFileSync(`${directory}/users/${file?.slice(0, 2)}/${file}`, '{"coatcheck":1}')
    await assert.rejects(async () => store.write(newRecord({ userId: '1', openedAt: now + 1 }), undefined, options))
  })
})

describe('the clean-up', () => {
  it('removes what has expired, and all that belonged to it', async (t) => {
    const { store, directory } = open(t)
    const records = [0, 1, 2, 3, 4].map((minutes) =>
      newRecord({ expiresAt: now + minutes * minute, userId: 'u', openedAt: now }),
    )
    for (const record of records) await store.write(record, undefined, at(now - 1))
    assert.equal(await store.deleteExpired({ ...at(now - 1), batch: 10 }), 0)
    assert.equal(await store.deleteExpired({ ...at(now + 2 * minute), batch: 2 }), 2)
    assert.equal(await store.deleteExpired({ ...at(now + 2 * minute), batch: 2 }), 1)
    assert.equal((await all(store.list(options))).length, 2)
    assert.equal(await store.deleteExpired({ ...at(now + 4 * minute), batch: 10 }), 2)
    assert.deepEqual(filesIn(directory), [])
  })

  it('is not stopped by files that others have left in its folders', async (t) => {
    const { store, directory } = open(t)
    const records = [0, 1].map((minutes) => newRecord({ expiresAt: now + minutes * minute }))
    for (const record of records) await store.write(record, undefined, at(now - 1))
    const folders = fs
      .readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
    for (const { parentPath, name } of folders) fs.writeFileSync(join(parentPath, name, '.DS_Store'), '')
    assert.equal((await all(store.list(at(now - 1)))).length, 2)
    assert.equal(await store.deleteExpired({ ...at(now), batch: 10 }), 1)
    assert.equal((await all(store.list(options))).length, 1)
  })

  it('leaves what was used since, and comes back when that has expired', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    await store.touch(record.id, { expiresAt: now + 60 * minute, lastSeenAt: now + 1 }, options)
    assert.equal(await store.deleteExpired({ ...at(now + 31 * minute), batch: 10 }), 0)
    assert.deepEqual(await store.read(record.id, at(now + 31 * minute)), {
      ...record,
      expiresAt: now + 60 * minute,
      lastSeenAt: now + 1,
    })
    assert.equal(await store.deleteExpired({ ...at(now + 60 * minute), batch: 10 }), 1)
    assert.deepEqual(filesIn(directory), [])
  })

  it('finds a session whose end was brought forward', async (t) => {
    const { store, directory } = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const sooner = { ...record, version: newVersion(), expiresAt: now + minute }
    await store.write(sooner, record.version, options)
    assert.equal(await store.deleteExpired({ ...at(now + minute), batch: 10 }), 1)
    assert.equal(await store.deleteExpired({ ...at(now + 30 * minute), batch: 10 }), 0)
    assert.deepEqual(filesIn(directory), [])
  })

  it('looks at the expired ones only', async (t) => {
    const { store } = open(t)
    const [expired, live] = [newRecord({ expiresAt: now }), newRecord()]
    for (const record of [expired, live]) await store.write(record, undefined, at(now - 1))
    fs.rmSync(store.pathOf(live.id))
    fs.mkdirSync(store.pathOf(live.id))
    assert.equal(await store.deleteExpired({ ...options, batch: 10 }), 1)
    assert.equal(fs.existsSync(store.pathOf(live.id)), true)
  })
})

describe('the directory', { skip: process.platform === 'win32' && 'POSIX modes' }, () => {
  it('and all in it are for their owner alone, whatever the umask', async (t) => {
    const before = process.umask(0)
    t.after(() => process.umask(before))
    const { store, directory } = open(t)
    const record = newRecord({ userId: '1', openedAt: now })
    await store.write(record, undefined, options)
    const held = await store.lockAndRead(record.id, { ...options, leaseMs: 1000 })
    const controller = new AbortController()
    const waiting = store.lockAndRead(record.id, { ...options, leaseMs: 1000, signal: controller.signal })
    await store.users.deleteByUser('1', { ...options, except: record.id, notBefore: now })
    for (const path of ['.', ...fs.readdirSync(directory, { recursive: true })]) {
      const { mode } = fs.statSync(`${directory}/${path}`)
      const isDirectory = fs.statSync(`${directory}/${path}`).isDirectory()
      assert.equal((mode & 0o777).toString(8), isDirectory ? '700' : '600', String(path))
    }
    controller.abort()
    await assert.rejects(async () => waiting)
    await held?.lock.release()
  })

  it('is refused when others can write to it', (t) => {
    const directory = newDirectory(t)
    fs.mkdirSync(directory)
    for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
      fs.chmodSync(directory, mode)
      assert.throws(() => fileStore(directory), /others can write to .*; run: chmod 700 /)
    }
    fs.chmodSync(directory, 0o755)
    fileStore(directory)
    fs.chmodSync(`${directory}/records`, 0o777)
    assert.throws(() => fileStore(directory), /others can write to .*records/)
  })

  it('is refused when it is a symbolic link, or no directory', (t) => {
    const directory = newDirectory(t)
    fs.mkdirSync(`${directory}.real`)
    fs.symlinkSync(`${directory}.real`, directory)
    assert.throws(() => fileStore(directory), /is a symbolic link/)
    fs.rmSync(directory)
    fs.writeFileSync(directory, '')
    assert.throws(() => fileStore(directory), /is not a directory/)
  })

  it('is refused when it belongs to another user', { skip: process.getuid?.() !== 0 && 'needs root' }, (t) => {
    const directory = newDirectory(t)
    fs.mkdirSync(directory)
    fs.chownSync(directory, 12345, 12345)
    assert.throws(() => fileStore(directory), /belongs to user 12345.*chown 0 /)
  })

  it('is refused when it can not be written', (t) => {
    if (process.getuid?.() === 0) {
      process.seteuid?.(65534)
      t.after(() => process.seteuid?.(0))
    }
    const directory = newDirectory(t)
    fs.mkdirSync(directory)
    fs.chmodSync(directory, 0o500)
    assert.throws(() => fileStore(directory), /can't write to/)
  })

  it('is made again when it was emptied under a running store', async (t) => {
    const { store, directory } = open(t)
    fs.rmSync(directory, { recursive: true })
    const record = newRecord({ userId: '1', openedAt: now })
    assert.deepEqual(await store.write(record, undefined, options), { ok: true })
    assert.deepEqual(await all(store.users.list('1', options)), [record])
    assert.equal(await store.deleteExpired({ ...options, batch: 1 }), 0)
  })
})

describe('a mistake', () => {
  it('is told at once', (t) => {
    assert.throws(() => fileStore(newDirectory(t), { maxFileBytes: 0 }), TypeError)
  })
  it('does not store a time that is none', async (t) => {
    const { store } = open(t)
    const write = async () => store.write(newRecord({ expiresAt: Number.NaN }), undefined, options)
    await assert.rejects(write, TypeError)
    await assert.rejects(async () => store.write(newRecord({ version: '' as Version }), undefined, options), TypeError)
  })
})

const contracts = fs.mkdtempSync(join(tmpdir(), 'coatcheck-file-store-'))
after(() => fs.rmSync(contracts, { recursive: true, force: true }))

testStore('fileStore', () => fileStore(fs.mkdtempSync(join(contracts, 'store-'))), {
  processes: new URL('./open-file-store.ts', import.meta.url),
})
testStore('fileStore with fsync', () => fileStore(fs.mkdtempSync(join(contracts, 'store-')), { fsync: true }))
