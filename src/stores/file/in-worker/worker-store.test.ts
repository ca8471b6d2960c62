import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { CorruptRecordError } from '../../../core/errors.ts'
import type { SessionId, SessionRecord, Version } from '../../../core/store.ts'
import { type FileStore, type FileStoreOptions, fileStore } from '../index.ts'

const parent = fs.mkdtempSync(join(tmpdir(), 'coatcheck-in-worker-'))
after(() => fs.rmSync(parent, { recursive: true, force: true }))

const now = Date.parse('2026-11-23T19:05:00Z')
const options: { readonly now: number; readonly signal: AbortSignal } = { now, signal: new AbortController().signal }
const long = { ...options, leaseMs: 60_000 }

describe('a slow disk', () => {
  it('holds up the event loop on the thread that calls, and not from a worker', async (t) => {
    const pauses = { caller: Infinity, worker: Infinity }
    for (const thread of ['caller', 'worker'] as const) {
      const store = open(t, { thread, maxFileBytes: 2 ** 28 })
      const id = await storeSlowFile(store)
      // The shortest of some, as other processes may hold up this one.
      for (let round = 0; round < 3; round++) {
        const reading = async (): Promise<void> =>
          assert.rejects(async () => store.read(id, options), CorruptRecordError)
        pauses[thread] = Math.min(pauses[thread], await longestPause(reading))
      }
    }
    t.diagnostic(`the event loop stood still for ${JSON.stringify(pauses)} ms`)
    assert.ok(pauses.worker < pauses.caller / 3, JSON.stringify(pauses))
  })
})

describe('a call of a file store in a worker', () => {
  it('leaves the caller its bytes, and stores them as they were at that moment', async (t) => {
    const store = open(t)
    const body = Buffer.from('{"user_id":1}')
    const record = newRecord({ body })
    const writing = store.write(record, undefined, options)
    body.fill('x')
    assert.deepEqual(await writing, { ok: true })
    assert.equal(body.toString(), 'x'.repeat(13))
    const { body: stored } = (await store.read(record.id, options)) ?? record
    assert.equal(Buffer.from(stored).toString(), '{"user_id":1}')
  })

  it('fails with the error of the store: its class, message, cause and code', async (t) => {
    const store = open(t, { maxFileBytes: 1000 })
    const [damaged, barred, large] = [newRecord(), newRecord(), newRecord({ body: new Uint8Array(1000) })]
    await store.write(damaged, undefined, options)
    fs.writeFileSync(store.pathOf(damaged.id), 'x\n')
    fs.writeFileSync(join(store.pathOf(barred.id), '..'), '')
    await assert.rejects(
      async () => store.read(damaged.id, options),
      (error) => {
        assert.ok(error instanceof CorruptRecordError && error.cause instanceof CorruptRecordError)
        assert.equal(error.message, `${store.pathOf(damaged.id)}: a header line that is not JSON`)
        return error.cause.cause instanceof SyntaxError
      },
    )
    const barredError = { name: 'Error', code: 'ENOTDIR', syscall: 'open', path: store.pathOf(barred.id) }
    await assert.rejects(async () => store.read(barred.id, options), barredError)
    await assert.rejects(async () => store.write(large, undefined, options), RangeError)
    await assert.rejects(async () => store.write(newRecord({ id: 'x' as SessionId }), undefined, options), TypeError)
  })

  it('spoils no other by what can not be passed to another thread', async (t) => {
    const store = open(t)
    const record = newRecord()
    const foreign = newRecord({ userId: Symbol('alice') as unknown as string })
    const writes = [record, foreign].map(async (record) => store.write(record, undefined, options))
    const [good, bad] = await Promise.allSettled(writes)
    assert.deepEqual(good, { status: 'fulfilled', value: { ok: true } })
    assert.equal(bad?.status, 'rejected')
    assert.deepEqual(await store.read(record.id, options), record)
  })

  it('asks for no signal unless it waits, and then hears of its abort', async (t) => {
    const store = open(t)
    const record = newRecord()
    const controller = new AbortController()
    let asked = 0
    const call = {
      now,
      leaseMs: 60_000,
      get signal() {
        asked += 1
        return controller.signal
      },
    }
    await store.write(record, undefined, call)
    await store.read(record.id, call)
    const locked = await store.lockAndRead(record.id, call)
    assert.equal(asked, 0)
    const waiting = assert.rejects(async () => store.lockAndRead(record.id, call), /waited long enough/)
    await until('it waits', () => asked > 0)
    controller.abort(new Error('waited long enough'))
    await waiting
    await locked?.lock.release()
    const queue = `${store.pathOf(record.id)}.queue`
    await until('it has left the queue', () => !fs.existsSync(queue))
    assert.equal(fs.existsSync(`${store.pathOf(record.id)}.lock`), false)
  })
})

describe('a lock of a file store in a worker', () => {
  it('is let go of when it was granted to someone who has just stopped waiting', async (t) => {
    const store = open(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const held = await store.lockAndRead(record.id, long)
    const controller = new AbortController()
    const waiting = assert.rejects(async () => store.lockAndRead(record.id, { ...long, signal: controller.signal }))
    await until('one waits', () => fs.existsSync(`${store.pathOf(record.id)}.queue`))
    const released = held?.lock.release()
    await nextTurn()
    // The release is sent; the grant comes, and this thread does not hear of it.
    block(300)
    controller.abort()
    await waiting
    await released
    const next = await store.lockAndRead(record.id, { ...long, signal: AbortSignal.timeout(5000) })
    await next?.lock.release()
    assert.ok(next)
  })
})

describe('a list of a file store in a worker', () => {
  it('reads on only while someone asks', { skip: !fs.existsSync('/proc/self/fd') && 'no /proc' }, async (t) => {
    const store = open(t)
    const records = Array.from({ length: 300 }, () => newRecord({ id: newId('ab') }))
    await Promise.all(records.map(async (record) => store.write(record, undefined, options)))
    const directory = join(store.pathOf(records[0]?.id ?? newId()), '..')
    const listed: SessionId[] = []
    for await (const { id } of store.list(options)) {
      listed.push(id)
      if (listed.length === 150) {
        assert.ok(isOpen(directory), 'some of the directory is still to be read')
        break
      }
    }
    await until('the directory is closed', () => !isOpen(directory))
    assert.equal(new Set(listed).size, 150)
  })

  it('says so when its thread has died in the middle', async (t) => {
    const { store, worker } = await openWithWorker(t)
    for (let count = 0; count < 250; count++) await store.write(newRecord(), undefined, options)
    let listed = 0
    const listing = async (): Promise<void> => {
      for await (const _ of store.list(options)) if (++listed === 10) await worker.terminate()
    }
    await assert.rejects(listing, /this list ended with the thread that was reading it/)
    assert.ok(listed >= 10 && listed < 250, `${listed}`)
  })
})

describe('when the thread of a file store dies', () => {
  it('what was under way is rejected, and the next call starts it again', async (t) => {
    const { store, worker } = await openWithWorker(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    await store.lockAndRead(record.id, long)
    const waiting = (async () => store.lockAndRead(record.id, long))()
    const queue = `${store.pathOf(record.id)}.queue`
    await until('one waits', () => fs.existsSync(queue))
    const rejected = assert.rejects(waiting, /the store's thread has ended/)
    await worker.terminate()
    await rejected
    assert.deepEqual(await store.read(record.id, options), record)
  })

  it('its crash is the cause of the rejection', async (t) => {
    const directory = newDirectory()
    const { store, worker } = await openWithWorker(t, directory)
    await worker.terminate()
    fs.chmodSync(directory, 0o777)
    await assert.rejects(
      async () => store.read(newId(), options),
      (error) => {
        assert.match(String((error as Error).cause), /others can write to/)
        return true
      },
    )
    fs.chmodSync(directory, 0o700)
    assert.equal(await store.read(newId(), options), undefined)
  })

  const isLinux = process.platform === 'linux'
  it('its locks and places in queues are free at once', { skip: !isLinux && 'known on Linux only' }, async (t) => {
    const { store, worker, directory } = await openWithWorker(t)
    const record = newRecord()
    await store.write(record, undefined, options)
    const lost = await store.lockAndRead(record.id, long)
    const waiting = assert.rejects(async () => store.lockAndRead(record.id, long))
    await until('one waits', () => fs.existsSync(`${store.pathOf(record.id)}.queue`))
    await worker.terminate()
    await waiting
    const since = performance.now()
    const other = fileStore(directory)
    const locked = await other.lockAndRead(record.id, long)
    assert.ok(performance.now() - since < 1500, 'sooner than a silent waiter loses its place')
    assert.equal(await lost?.lock.renew(60_000), false)
    await lost?.lock.release()
    assert.equal(await locked?.lock.renew(60_000), true)
    await locked?.lock.release()
    assert.ok(await store.lockAndRead(record.id, long))
  })
})

describe('closing a file store in a worker', () => {
  it('answers what is under way, those who wait for a lock too', async (t) => {
    const { store, directory } = await openWithWorker(t)
    const record = newRecord()
    const writing = store.write(record, undefined, options)
    const holder = await store.lockAndRead(record.id, long)
    const waiting = store.lockAndRead(record.id, long)
    const closing = store.close?.()
    await sleep(50)
    await holder?.lock.release()
    assert.deepEqual(await writing, { ok: true })
    assert.deepEqual((await waiting)?.record, record)
    await closing
    assert.deepEqual(fileStore(directory).read(record.id, options), record)
  })

  it('frees its locks, ends its thread, and refuses what comes later', async (t) => {
    const { store, worker } = await openWithWorker(t)
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    const record = newRecord()
    await store.write(record, undefined, options)
    const locked = await store.lockAndRead(record.id, long)
    await store.close?.()
    await ended
    assert.equal(fs.existsSync(`${store.pathOf(record.id)}.lock`), false)
    await assert.rejects(async () => store.read(record.id, options), /this store was closed/)
    assert.equal(await locked?.lock.renew(1000), false)
    await locked?.lock.release()
    await store.close?.()
  })
})

describe('a bundle with a file store in a worker', () => {
  const bundle = join(parent, 'bundle')
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const bundled = (...entryPoints: string[]) =>
    build({ entryPoints, outdir: bundle, entryNames: '[name]', bundle: true, format: 'esm', platform: 'node' })
  const run = async (code: string): Promise<string> => {
    const file = join(fs.mkdtempSync(join(bundle, 'run-')), 'index.mjs')
    fs.writeFileSync(file, `import { fileStore } from '../index.js'\n${code}`)
    const { stdout } = await promisify(execFile)(process.execPath, [file, newDirectory()], { timeout: 20_000 })
    return stdout
  }
  const opening = "const store = fileStore(process.argv[2], { thread: 'worker' })\n"
  const asking = "store.read('0'.repeat(64), { now: 0 }).then((record) => console.log('no session:', record))\n"

  before(async () => {
    await bundled(here('../index.ts'))
    fs.writeFileSync(join(bundle, 'package.json'), '{ "type": "module" }')
  })

  it('says what to do when it has not the program of the thread', async () => {
    await assert.rejects(run(opening), /leave coatcheck out of the bundle.*or to make a bundle of its own from/)
    assert.equal(await run("fileStore(process.argv[2])\nconsole.log('on this thread')"), 'on this thread\n')
  })

  describe('that has it', () => {
    before(() => bundled(here('./file-store-worker.ts')))

    it('runs', async () =>
      assert.equal(await run(`${opening}await ${asking}await store.close()`), 'no session: undefined\n'))

    it('keeps the process while something is under way, and no longer', async () => {
      assert.equal(await run(opening + asking), 'no session: undefined\n')
      const again = `${opening}${asking}setTimeout(() => ${asking.trim()}, 200)`
      assert.equal(await run(again), 'no session: undefined\n'.repeat(2))
    })

    it('preloads into its thread nothing of the application’s', async () => {
      const preload = join(bundle, 'preload.mjs')
      fs.writeFileSync(preload, "console.log('preloaded')")
      const file = join(fs.mkdtempSync(join(bundle, 'run-')), 'index.mjs')
      fs.writeFileSync(file, `import { fileStore } from '../index.js'\n${opening}${asking}`)
      const { stdout } = await promisify(execFile)(process.execPath, [`--import=${preload}`, file, newDirectory()])
      assert.equal(stdout, 'preloaded\nno session: undefined\n')
    })
  })
})

function newDirectory(): string {
  return join(fs.mkdtempSync(join(parent, 'store-')), 'sessions')
}

function newId(start = ''): SessionId {
  return (start + randomBytes(32).toString('hex')).slice(0, 64) as SessionId
}

function newRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: newId(),
    version: randomBytes(16).toString('hex') as Version,
    expiresAt: now + 30 * 60_000,
    lastSeenAt: now,
    body: new TextEncoder().encode('{"user_id":1,"username":"alice"}\n'),
    ...fields,
  }
}

function open(t: TestContext, settings: FileStoreOptions = {}, directory: string = newDirectory()): FileStore {
  const store = fileStore(directory, { thread: 'worker', ...settings })
  t.after(() => store.close?.())
  return store
}

/** Node tells of each worker that is started. */
async function openWithWorker(
  t: TestContext,
  directory: string = newDirectory(),
): Promise<{ store: FileStore; worker: Worker; directory: string }> {
  const started = new Promise<Worker>((resolve) => process.once('worker', resolve))
  const store = open(t, {}, directory)
  await store.read(newId(), options)
  return { store, worker: await started, directory }
}

/** A file that takes long to read on any disk, in one call of the system. */
async function storeSlowFile(store: FileStore): Promise<SessionId> {
  const record = newRecord()
  await store.write(record, undefined, options)
  fs.truncateSync(store.pathOf(record.id), 2 ** 27)
  return record.id
}

/** How long, in milliseconds, the event loop did nothing else at the most. */
async function longestPause(run: () => Promise<void>): Promise<number> {
  let isOver = false
  let longest = 0
  const watching = (async () => {
    for (let since = performance.now(); !isOver; since = performance.now()) {
      await sleep(1)
      longest = Math.max(longest, performance.now() - since)
    }
  })()
  await run()
  isOver = true
  await watching
  return longest
}

/** Does nothing for so many milliseconds, and lets no one else do anything. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function isOpen(path: string): boolean {
  return fs.readdirSync('/proc/self/fd').some((file) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${file}`) === path
    } catch {
      return false
    }
  })
}

async function until(what: string, claim: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 5000; !claim(); await sleep(2)) {
    assert.ok(performance.now() < deadline, `${what}: not in 5 s`)
  }
}
