// The process that measures one store: npm run scale starts it, and tells it what to do.
import { hash, randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { SessionId, SessionRecord, Store, Version } from 'coatcheck'
import { kinds } from './places.ts'

export type Job =
  | { readonly do: 'fill'; readonly count: number; readonly expired: number }
  | { readonly do: 'read' | 'write' | 'touch'; readonly count: number }
  | { readonly do: 'clean up' }
  | { readonly do: 'look at the memory' }

const [, , kind = '', at = '', space = ''] = process.argv
const store = await kinds[kind]!.open(at, space)
const body = Buffer.from(randomBytes(250).toString('hex'))
const inFlight = 32
// Of each live session, how often it was written: ids and versions follow from it, so that the memory is the store's.
let writes = new Uint32Array()
let touches = 0

const now = Date.now()
const options = { now, signal: new AbortController().signal }

setMaxListeners(0, options.signal)

process.on('message', async (job: Job) => process.send?.(await perform(job)))
process.on('disconnect', () => process.exit())
process.send?.(store.deleteExpired ? 'ready' : 'no clean-up')

/** Milliseconds by the clock, or bytes. */
async function perform(job: Job): Promise<number> {
  if (job.do === 'fill') return fill(job.count, job.expired)
  if (job.do === 'look at the memory') {
    globalThis.gc?.()
    return process.memoryUsage().rss
  }
  const startedAt = performance.now()
  if (job.do === 'clean up') await cleanUp(store)
  else await each(job.count, step[job.do])
  return performance.now() - startedAt
}

const step = {
  async read(index: number): Promise<void> {
    if (!(await store.read(idOf(index), options))) throw new Error('a session is missing')
  },
  async write(index: number): Promise<void> {
    const before = versionOf(index)
    writes[index]!++
    const written = await store.write(live(index), before, options)
    if (!written.ok) throw new Error('a write was refused')
  },
  async touch(index: number): Promise<void> {
    touches++
    const times = { expiresAt: now + 86_400_000 + touches, lastSeenAt: now + touches }
    await store.touch(idOf(index), times, options)
  },
}

/** On sessions at random, several at once as in a server. */
async function each(count: number, act: (index: number) => Promise<void>): Promise<void> {
  const share = Math.floor(writes.length / inFlight)
  let done = 0
  // Each has sessions of its own, so that no write meets another.
  const lane = async (_: unknown, number: number): Promise<void> => {
    while (done++ < count) await act(Math.floor(Math.random() * share) * inFlight + number)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

/** The expired ones lie spread among the others. */
async function fill(count: number, expired: number): Promise<number> {
  const every = Math.floor((count + expired) / Math.max(1, expired))
  writes = new Uint32Array(count)
  // Written while they lived.
  const create = (record: SessionRecord) => store.write(record, undefined, { ...options, now: now - 3_600_000 })
  let [lives, dead] = [0, 0]
  while (lives < count || dead < expired) {
    const batch = Array.from({ length: Math.min(64, count + expired - lives - dead) }, (_, index) => {
      const isDead = dead < expired && (lives >= count || (lives + dead + index) % every === 0)
      return isDead ? ended(dead++) : live(lives++)
    })
    await Promise.all(batch.map(create))
  }
  return lives
}

function live(index: number): SessionRecord {
  return { ...ofUser(index), id: idOf(index), version: versionOf(index), expiresAt: now + 86_400_000 }
}

function ended(index: number): SessionRecord {
  const id = idOf(-1 - index)
  return { ...ofUser(index), id, version: versionOf(index), expiresAt: now - 60_000 - (index % 600) * 1_000 }
}

function ofUser(index: number): Pick<SessionRecord, 'lastSeenAt' | 'userId' | 'openedAt' | 'body'> {
  return { lastSeenAt: now - 3_600_000, userId: `user-${index}`, openedAt: now - 3_600_000, body }
}

function idOf(index: number): SessionId {
  return hash('sha256', `${space} ${index}`, 'hex') as SessionId
}

function versionOf(index: number): Version {
  return `version-${index}-${writes[index] ?? 0}` as Version
}

async function cleanUp({ deleteExpired }: Store): Promise<void> {
  while ((await deleteExpired!({ ...options, batch: 500 })) >= 500);
}
