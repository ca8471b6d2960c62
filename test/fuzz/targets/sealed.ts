import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type SessionId, type SessionRecord, Sessions, type Store, type Version } from 'coatcheck'
import { encryption } from 'coatcheck/security/encryption'
import { memoryStore } from 'coatcheck/stores/memory'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { bodyOf, fieldsOf, recordWords } from './record-text.ts'
import { connections, now, Visit } from './visiting.ts'

const [{ name }] = connections
const options = { now, signal: new AbortController().signal }
const [key, oldKey] = ['key', 'old key'].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]

interface Kind {
  readonly sessions: Sessions
  readonly store: Store
  readonly ticket: string
  /** As it was sealed. */
  readonly record: SessionRecord
}

/** A sealed record: a session as long as not one bit of it has changed, and none at all in any other case. */
export async function open(): Promise<Target> {
  const keys = [key, oldKey] as const
  const kinds = [
    await kindOf('alice', encryption({ keys })),
    await kindOf('alice', encryption({ keys, bindToVisitor: true })),
  ]
  const others = [
    await kindOf('bob', encryption({ keys })),
    await kindOf('alice', encryption({ keys: [oldKey] })),
    await kindOf('alice', encryption({ keys: [createHash('sha256').update('foreign key').digest()] })),
  ]

  async function run(body: Uint8Array): Promise<string> {
    const answers: string[] = []
    for (const { sessions, store, ticket, record } of kinds) {
      await store.delete(record.id, options)
      await store.write({ ...record, version: 'planted' as Version, body }, undefined, options)
      const { isStored, userId, data } = await new Visit(sessions, `${name}=${ticket}`).open()
      const isWhole = originals.some((original) => Buffer.from(original).equals(body))
      if (isStored) assert.ok(isWhole, 'a session that was not sealed like this')
      assert.deepEqual([userId, data.card], isStored ? ['alice', '4111'] : [undefined, undefined])
      answers.push(isStored ? 'opens' : 'sealed')
    }
    return answers.join()
  }

  const originals = [...kinds, others[1]!].map(({ record }) => record.body)
  const plain = bodyOf(fieldsOf('alice'), ['card:"4111"'])
  const seeds = [...originals, ...others.map(({ record }) => record.body), plain]
  for (const { record } of kinds) assert.match(await run(record.body), /opens/)
  return { seeds, words: words(seeds), separator: '\n', maxBytes: 16_384, run }
}

async function kindOf(user: string, cipher: ReturnType<typeof encryption>): Promise<Kind> {
  const store = memoryStore()
  const settings = { store, clock: () => now, cleanupInterval: false, encryption: cipher } as const
  const sessions = new Sessions({ ...settings, randomBytes: bytesFor(user) })
  const visit = new Visit(sessions, undefined, connections[0], 'POST')
  const session = await visit.open()
  session.data.card = '4111'
  session.signIn(user)
  const ticket = (await visit.end()) ?? ''
  const record = await store.read(recordIdOf(name, ticket) as SessionId, options)
  assert.ok(record)
  return { sessions, store, ticket, record }
}

/** So that the kinds of a user have the same ticket, and the same record's id. */
function bytesFor(user: string): (size: number) => Uint8Array {
  let count = 0
  return (size) => createHash('sha512').update(`${user} ${++count}`).digest().subarray(0, size)
}

function words(bodies: readonly (string | Uint8Array)[]): string[] {
  const parts = bodies.flatMap(
    (body) =>
      Buffer.from(body)
        .toString('latin1')
        .match(/"\w+":(?:"[^"]*"|\{[^}]*\}|\d+)/g) ?? [],
  )
  return [...new Set(parts), '"sealed":', '"wraps":{}', '"own":""', '"key":"', ...recordWords]
}
