import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionId, SessionRecord } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { build } from 'esbuild'
import { type Job, numberIn, recordOf } from './file-store-worker.ts'

/* Real processes on one directory. RACE_ROUNDS multiplies the rounds. */

const factor = Number(process.env.RACE_ROUNDS ?? 1)
const options = { now: 1000, signal: new AbortController().signal }
const lease = { ...options, leaseMs: 10_000 }

let directory: string
let worker: string
let stores = 0

before(async () => {
  directory = fs.mkdtempSync(join(tmpdir(), 'coatcheck-races-'))
  worker = join(directory, 'worker.mjs')
  // Bundled once: each of a hundred processes then starts in a fraction of the time.
  const entryPoints = [join(import.meta.dirname, 'file-store-worker.ts')]
  await build({ entryPoints, outfile: worker, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
})
after(() => fs.rmSync(directory, { recursive: true, force: true }))

function newStore() {
  stores += 1
  const path = join(directory, `sessions-${stores}`)
  return { store: fileStore(path), path }
}

function newId(): SessionId {
  return randomBytes(32).toString('hex') as SessionId
}

interface Running {
  readonly process: ChildProcess
  /** The lines it has said so far. */
  readonly said: string[]
  readonly ended: Promise<unknown>
}

function start(path: string, job: Job, kind: 'sound' | 'faulty' = 'sound'): Running {
  const child = spawn(process.execPath, [worker, path, JSON.stringify(job), kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines)
  })
  return { process: child, said, ended: once(child, 'close') }
}

async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await sleep(1)
}

async function all(records: AsyncIterable<SessionRecord> | Iterable<SessionRecord>): Promise<SessionRecord[]> {
  const found: SessionRecord[] = []
  for await (const record of records) found.push(record)
  return found
}

/** What is left of changes, locks and queues. */
function leftovers(path: string): string[] {
  const names = fs.readdirSync(path, { recursive: true }).map(String)
  return names.filter((name) => /\.(next|lock|queue)$|^tmp./.test(name))
}

async function countTo(times: number, kind: 'sound' | 'faulty', how: 'count' | 'count locked' = 'count') {
  const { store, path } = newStore()
  const id = newId()
  await store.write(recordOf(id, 0), undefined, options)
  const counting = [1, 2, 3, 4].map(() => start(path, { do: how, id, times }, kind))
  for (const { ended } of counting) await ended
  return { number: numberIn(await store.read(id, options)), said: counting.flatMap(({ said }) => said), path }
}

describe('four processes on one session', () => {
  it('count exactly, by compare-and-set', async () => {
    const { number, said, path } = await countTo(250 * factor, 'sound')
    assert.equal(number, 1000 * factor)
    assert.equal(new Set(said).size, 1000 * factor, 'a number was acknowledged twice')
    assert.deepEqual(leftovers(path), [])
  })

  it('count exactly, and meet no conflict, holding the lock', async () => {
    const { number, path } = await countTo(60 * factor, 'sound', 'count locked')
    assert.equal(number, 240 * factor)
    assert.deepEqual(leftovers(path), [])
  })

  it('lose counts on a store that compares, then writes', async () => {
    const { number } = await countTo(250, 'faulty')
    assert.ok(number < 1000, `got ${number}`)
  })
})

describe('a session that is deleted while two processes write to it', () => {
  async function revived(rounds: number, kind: 'sound' | 'faulty'): Promise<number> {
    const { store, path } = newStore()
    const ids = Array.from({ length: rounds }, newId)
    for (const id of ids) await store.write(recordOf(id, 0), undefined, options)
    const writing = [1, 2].map(() => start(path, { do: 'write until gone', ids }, kind))
    const revived = new Set<string>()
    let isOver = false
    // A writer of a faulty store goes on with the session that it has revived, until that is deleted again.
    const deleteAgain = async (id: SessionId) => {
      if (!fs.existsSync(store.pathOf(id))) return
      revived.add(id)
      await store.delete(id, options)
    }
    const deleted: SessionId[] = []
    const watching = (async () => {
      while (!isOver) {
        for (const id of deleted.slice(-5)) await deleteAgain(id)
        await sleep(1)
      }
    })()
    for (const id of ids) {
      await until(() => writing.every(({ said }) => said.includes(id)))
      await store.delete(id, options)
      deleted.push(id)
    }
    for (const { ended } of writing) await ended
    isOver = true
    await watching
    for (const id of ids) await deleteAgain(id)
    if (kind === 'sound') assert.deepEqual([leftovers(path), await all(store.list(options))], [[], []])
    return revived.size
  }

  it('never comes back', async () => {
    assert.equal(await revived(400 * factor, 'sound'), 0)
  })
  it('comes back on a store that compares, then writes', async () => {
    assert.notEqual(await revived(400, 'faulty'), 0)
  })
})

describe('a process that is killed', () => {
  it('leaves whole records, every acknowledged write, and nothing that holds up others', async (t) => {
    const { store, path } = newStore()
    let slowest = 0
    for (let round = 0; round < 50 * factor; round++) {
      const id = newId()
      await store.write(recordOf(id, 0), undefined, options)
      const locked = round % 2 === 0
      const running = start(path, { do: locked ? 'count locked' : 'count', id, times: 1e9 })
      await until(() => running.said.length > 0)
      await sleep(randomInt(0, 20))
      running.process.kill('SIGKILL')
      await running.ended
      const acknowledged = Number(running.said.at(-1))
      const began = performance.now()
      const held = await store.lockAndRead(id, lease)
      const number = numberIn(held?.record)
      assert.ok(
        number === acknowledged || number === acknowledged + 1,
        `acknowledged ${acknowledged}, stored ${number}`,
      )
      const next = recordOf(id, number + 1)
      assert.deepEqual(await store.write(next, held?.record.version, { ...options, unlock: held?.lock }), { ok: true })
      await store.delete(id, options)
      slowest = Math.max(slowest, performance.now() - began)
    }
    t.diagnostic(`held up for at most ${slowest.toFixed(1)} ms`)
    assert.ok(slowest < 1000)
    await store.deleteExpired({ ...options, now: 9e9, batch: 10_000 })
    assert.deepEqual(leftovers(path), [])
  })

  it('while it ends all sessions of a user has ended none, or all once someone looks', async () => {
    for (let round = 0; round < 10 * factor; round++) {
      const { store, path } = newStore()
      const records = Array.from({ length: 60 }, () => recordOf(newId(), 1, { userId: 'alice', openedAt: 0 }))
      for (const record of records) await store.write(record, undefined, options)
      const except = records[0]?.id ?? ''
      const running = start(path, { do: 'end all', userId: 'alice', except })
      await until(() => running.said.includes('ready'))
      await sleep(randomInt(0, 8))
      running.process.kill('SIGKILL')
      await running.ended
      const listed = await all(store.users.list('alice', options))
      const live = await all(store.list(options))
      assert.equal(live.length, listed.length)
      assert.ok(
        listed.length === records.length || (listed.length === 1 && listed[0]?.id === except),
        `${listed.length}`,
      )
      if (running.said.includes('done')) assert.equal(listed.length, 1)
    }
  })
})

describe('sign-ins while all sessions of the user are ended', () => {
  it('are ended, or refused, or arrived later; and are listed', async (t) => {
    const { store, path } = newStore()
    const signingIn = [1, 2, 3].map(() => start(path, { do: 'sign in', userId: 'alice' }))
    await until(() => signingIn.every(({ said }) => said.length > 5))
    let ended = 0
    for (let round = 0; round < 25 * factor; round++) {
      await sleep(randomInt(0, 15))
      const notBefore = Date.now()
      ended += await store.users.deleteByUser('alice', { ...options, notBefore })
      for (const record of await all(store.list(options))) {
        if (record.userId === 'alice') assert.ok((record.openedAt ?? 0) >= notBefore, 'signed in from before')
      }
    }
    for (const { process, ended } of signingIn) {
      process.kill('SIGKILL')
      await ended
    }
    const signedIn = (await all(store.list(options))).filter(({ userId }) => userId === 'alice')
    const listed = await all(store.users.list('alice', options))
    const ids = (records: SessionRecord[]) => records.map(({ id }) => id).sort()
    assert.deepEqual(ids(listed), ids(signedIn))
    const refused = signingIn.flatMap(({ said }) => said).filter((line) => line === 'revoked').length
    t.diagnostic(`${ended} ended, ${refused} refused`)
    assert.equal(await store.users.deleteByUser('alice', { ...options, notBefore: Date.now() }), listed.length)
  })
})
