import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import type { SessionId, SessionRecord, Store, Version } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'

/** What one process of a race is to do. */
export type Job =
  /** Counts to `times` more, by compare-and-set or holding the lock; says each number once it is acknowledged. */
  | { readonly do: 'count' | 'count locked'; readonly id: string; readonly times: number }
  /** Writes to each session until it is gone. */
  | { readonly do: 'write until gone'; readonly ids: readonly string[] }
  /** Signs in, again and again; says the id of each session. */
  | { readonly do: 'sign in'; readonly userId: string }
  | { readonly do: 'end all'; readonly userId: string; readonly except: string }

const options = { now: 1000, signal: new AbortController().signal }

/** A store that compares, then writes, as if no one could come in between. */
function withoutSlots(store: ReturnType<typeof fileStore>): Store {
  return {
    ...store,
    write(record, expected) {
      const current = store.read(record.id, options) as SessionRecord | undefined
      if (current?.version !== expected) return { ok: false, ...(current && { current }) }
      const { version, expiresAt, lastSeenAt, body, id } = record
      const header = { coatcheck: 1, id, version, expiresAt, lastSeenAt, bytes: body.byteLength }
      const prepared = `${store.pathOf(id)}.${process.pid}`
      fs.writeFileSync(prepared, `${JSON.stringify(header)}\n${Buffer.from(body)}`)
      fs.renameSync(prepared, store.pathOf(id))
      return { ok: true }
    },
  }
}

export function recordOf(id: string, number: number, fields: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: id as SessionId,
    version: randomBytes(16).toString('hex') as Version,
    expiresAt: 9000,
    lastSeenAt: 1000,
    body: new TextEncoder().encode(JSON.stringify({ number, filling: 'x'.repeat(number % 2000) })),
    ...fields,
  }
}

export function numberIn(record: SessionRecord | undefined): number {
  if (!record) throw new Error('no record')
  const { number, filling } = JSON.parse(Buffer.from(record.body).toString())
  if (filling.length !== number % 2000) throw new Error('half a record')
  return number
}

function say(text: string | number): void {
  fs.writeSync(1, `${text}\n`)
}

async function count(store: Store, id: SessionId, times: number): Promise<void> {
  let current = await store.read(id, options)
  for (let done = 0; done < times; ) {
    const next = recordOf(id, numberIn(current) + 1)
    const written = await store.write(next, current?.version, options)
    current = written.ok ? next : written.current
    if (!written.ok) continue
    done += 1
    say(numberIn(next))
  }
}

async function countLocked(store: Store, id: SessionId, times: number): Promise<void> {
  for (let done = 0; done < times; done++) {
    const held = await store.lockAndRead?.(id, { ...options, leaseMs: 10_000 })
    const next = recordOf(id, numberIn(held?.record) + 1)
    const written = await store.write(next, held?.record.version, { ...options, unlock: held?.lock })
    if (!written.ok) throw new Error('two held the lock')
    say(numberIn(next))
  }
}

async function run(store: Store, job: Job): Promise<void> {
  if (job.do === 'count') await count(store, job.id as SessionId, job.times)
  if (job.do === 'count locked') await countLocked(store, job.id as SessionId, job.times)
  if (job.do === 'write until gone') {
    for (const id of job.ids) {
      let current = await store.read(id as SessionId, options)
      say(id)
      while (current) {
        const next = recordOf(id, 1)
        const written = await store.write(next, current.version, options)
        current = written.ok ? next : written.current
      }
    }
  }
  if (job.do === 'sign in') {
    for (;;) {
      const anonymous = recordOf(randomBytes(32).toString('hex'), 1)
      const openedAt = Date.now()
      await store.write(anonymous, undefined, options)
      const signedIn = { ...anonymous, version: `${anonymous.version}+` as Version, userId: job.userId, openedAt }
      const written = await store.write(signedIn, anonymous.version, options)
      say(written.ok ? 'signed in' : (written.reason ?? 'gone'))
    }
  }
  if (job.do === 'end all') {
    say('ready')
    await store.users?.deleteByUser(job.userId, { ...options, except: job.except as SessionId, notBefore: 1 })
    say('done')
  }
}

if (process.argv[2] !== undefined && process.argv[3] !== undefined) {
  const store = fileStore(process.argv[2])
  await run(process.argv[4] === 'faulty' ? withoutSlots(store) : store, JSON.parse(process.argv[3]))
}
