// The process that measures one store: npm run scale starts it, and tells it what to do.
import { randomBytes } from 'node:crypto'
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
const body = randomBytes(250).toString('hex')
const live: SessionRecord[] = []
const inFlight = 32

// Expired: since a minute, but for stores that clean up by themselves as soon as they can.
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
    if (!(await store.read(live[index]!.id, options))) throw new Error('a session is missing')
  },
  async write(index: number): Promise<void> {
    const before = live[index]!
    const after = { ...before, version: version(), expiresAt: before.expiresAt + 1 }
    const written = await store.write(after, before.version, options)
    if (!written.ok) throw new Error('a write was refused')
    live[index] = after
  },
  async touch(index: number): Promise<void> {
    const { id, expiresAt, lastSeenAt } = live[index]!
    await store.touch(id, { expiresAt: expiresAt + 1, lastSeenAt: lastSeenAt + 1 }, options)
  },
}

/** On sessions at random, several at once as in a server. */
async function each(count: number, act: (index: number) => Promise<void>): Promise<void> {
  const share = Math.floor(live.length / inFlight)
  let done = 0
  // Each has sessions of its own, so that no write meets another.
  const lane = async (_: unknown, number: number): Promise<void> => {
    while (done++ < count) await act(Math.floor(Math.random() * share) * inFlight + number)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}

async function fill(count: number, expired: number): Promise<number> {
  const every = expired > 0 ? Math.max(1, Math.floor((count + expired) / expired)) : Number.POSITIVE_INFINITY
  const records = Array.from({ length: count + expired }, (_, index) =>
    record(index % every === 0 && index / every < expired),
  )
  for (let start = 0; start < records.length; start += 64) {
    const batch = records.slice(start, start + 64)
    // Written while it lives: whether a store takes what has expired already is not the question.
    await Promise.all(batch.map((record) => store.write(record, undefined, { ...options, now: now - 3_600_000 })))
  }
  live.push(...records.filter(({ expiresAt }) => expiresAt > now))
  return live.length
}

function record(isExpired: boolean): SessionRecord {
  return {
    id: randomBytes(32).toString('hex') as SessionId,
    version: version(),
    expiresAt: isExpired ? now - 60_000 - Math.floor(Math.random() * 600_000) : now + 86_400_000,
    lastSeenAt: now - 3_600_000,
    userId: `user-${Math.floor(Math.random() * 1e9)}`,
    openedAt: now - 3_600_000,
    body: Buffer.from(body),
  }
}

function version(): Version {
  return randomBytes(16).toString('base64url') as Version
}

async function cleanUp({ deleteExpired }: Store): Promise<void> {
  while ((await deleteExpired!({ ...options, batch: 500 })) >= 500);
}
