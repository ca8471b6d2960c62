import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { SessionId, SessionRecord } from '../../../core/store.ts'
import { compareThenStore } from '../compare-then-store.ts'
import { put, toArray } from '../faulty-store.ts'
import { type FaultySharedStore, faultyShared } from './shared-store.ts'

export function sharedMistakesInWriting(): FaultySharedStore[] {
  return [
    faultyShared(
      'compares, then stores',
      [
        'keeps each of 180 keys that three processes set on one session',
        'counts exactly when three processes count by compare-and-set',
        'lets one of nine creates win that three processes make at once under one id',
        'keeps a record dead that one process deletes while another writes it, whichever comes first',
        'ends a record at once that two processes write and touch without a pause',
      ],
      compareThenStore,
    ),
    faultyShared(
      'refuses the same write again',
      ['answers ok to a write that has happened, in another process too'],
      (sound) => ({
        async write(record, expected, options) {
          const current = await sound.read(record.id, options)
          return current?.version === record.version ? { ok: false, current } : sound.write(record, expected, options)
        },
      }),
    ),
    faultyShared('reads from a cache', ['shows in one process at once what was written in another'], (sound) => {
      const cache = new Map<SessionId, SessionRecord>()
      return {
        async read(id, options) {
          const record = cache.get(id) ?? (await sound.read(id, options))
          if (record) cache.set(id, record)
          return record && record.expiresAt > options.now ? record : undefined
        },
        async write(record, expected, options) {
          const written = await sound.write(record, expected, options)
          if (written.ok) cache.set(record.id, record)
          return written
        },
      }
    }),
    faultyShared(
      'acknowledges before it stores',
      [
        'shows in one process at once what was written in another',
        'keeps what a process had acknowledged before it was killed, and is held up by nothing it has left',
      ],
      (sound) => {
        const late = new Map<SessionId, SessionRecord>()
        return {
          read: (id, options) => late.get(id) ?? sound.read(id, options),
          async write(record, expected, options) {
            const current = late.get(record.id) ?? (await sound.read(record.id, options))
            if (current?.version !== expected) return { ok: false, current }
            if (!late.has(record.id)) {
              setTimeout(async () => {
                await put(sound, late.get(record.id)!, options)
                late.delete(record.id)
              }, 15)
            }
            late.set(record.id, record)
            return { ok: true }
          },
        }
      },
    ),
    faultyShared(
      'stores a body in two steps',
      ['shows whole states only while two processes write bodies of all sizes'],
      (sound) => ({
        async write(record, expected, options) {
          const half = { ...record, body: record.body.slice(0, record.body.byteLength / 2) }
          const written = await sound.write(half, expected, options)
          await turn()
          if (written.ok) await put(sound, record, options)
          return written
        },
      }),
    ),
    faultyShared(
      'takes a body for text',
      ['hands every byte from one process to the other, in bodies from nothing to one mebibyte'],
      (sound) => ({
        write: (record, expected, options) =>
          sound.write({ ...record, body: Buffer.from(Buffer.from(record.body).toString()) }, expected, options),
      }),
    ),
    faultyShared(
      'creates what it should refuse',
      ['refuses the late write, and the late touch, of a process that has not heard of the delete'],
      (sound) => ({
        async write(record, expected, options) {
          const written = await sound.write(record, expected, options)
          return written.ok || written.current ? written : sound.write(record, undefined, options)
        },
      }),
    ),
    faultyShared(
      'deletes a moment later',
      ['refuses the late write, and the late touch, of a process that has not heard of the delete'],
      (sound) => ({
        delete(id, options) {
          setTimeout(() => sound.delete(id, options), 15)
        },
      }),
    ),
    faultyShared(
      'touches what it remembers, and so creates it again',
      ['refuses the late write, and the late touch, of a process that has not heard of the delete'],
      (sound) => {
        const seen = new Map<SessionId, SessionRecord>()
        return {
          write(record, expected, options) {
            seen.set(record.id, record)
            return sound.write(record, expected, options)
          },
          async touch(id, times, options) {
            const record = seen.get(id) ?? (await sound.read(id, options))
            if (record) await put(sound, { ...record, ...times }, options)
          },
        }
      },
    ),
    faultyShared(
      'touches by storing what it has read',
      [
        'keeps a record dead that one process deletes while another touches it, whichever comes first',
        'loses no write of another process',
      ],
      (sound) => ({
        async touch(id, times, options) {
          const record = await sound.read(id, options)
          await turn()
          if (record) await put(sound, { ...record, ...times }, options)
        },
      }),
    ),
    faultyShared(
      'waits for the lock before it deletes',
      ['lets another process delete a record whose lock is held, and refuses the holder’s write'],
      (sound) => ({
        async delete(id, options) {
          const locked = await sound.lockAndRead(id, { ...options, leaseMs: 20_000 })
          await sound.delete(id, options)
          await locked?.lock.release()
        },
      }),
    ),
    faultyShared(
      'skips by number while the list gets shorter',
      ['lists what is there all along, each once, while another process creates and deletes'],
      (sound) => ({
        list: async function* (options) {
          for (let skip = 0; ; skip += 10) {
            const page = (await toArray(sound.list(options))).slice(skip, skip + 10)
            if (page.length === 0) return
            yield* page
            await pause(1)
          }
        },
      }),
    ),
  ]
}
