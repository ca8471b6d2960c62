import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CorruptRecordError, SessionError, type SessionId, Sessions, type Version } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { valueWords } from './codec.ts'
import { bodyOf, fieldsOf } from './record-text.ts'
import { connections, now, ticketOf, Visit } from './visiting.ts'

const [{ name }] = connections
const options = { now, signal: new AbortController().signal }
const users = ['alice', 'bob'] as const
const idOf = (user: string): SessionId => recordIdOf(name, ticketOf(user).value) as SessionId
const digestOf = (user: string): string => createHash('sha256').update(user).digest('hex')

/** The file of a user in the file store, which says what "sign out everywhere" has ended: another user's sessions, and other folders, stay. */
export async function open(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-users-'))
  const store = fileStore(join(folder, 'store'))
  const sessions = new Sessions({ store, clock: () => now, cleanupInterval: false })
  const path = join(folder, 'store', 'users', digestOf('alice').slice(0, 2), digestOf('alice'))
  const neighbour = join(folder, 'neighbour')
  mkdirSync(neighbour)
  for (const user of users) await restore(user)
  const bobs = readFileSync(store.pathOf(idOf('bob')))

  async function restore(user: string): Promise<void> {
    if (existsSync(store.pathOf(idOf(user)))) return
    const body = Buffer.from(bodyOf(fieldsOf(user), ['n:1']))
    const times = { expiresAt: now + 1_800_000, lastSeenAt: now, openedAt: now }
    const record = { id: idOf(user), version: `version of ${user}` as Version, ...times, userId: user, body }
    assert.deepEqual(await store.write(record, undefined, options), { ok: true })
  }

  async function run(content: Uint8Array): Promise<string> {
    rmSync(dirname(path), { recursive: true, force: true })
    await store.delete(idOf('alice'), options)
    await restore('alice')
    writeFileSync(path, content)
    const alices = sessions.ofUser('alice')
    const answers = [
      await told(async () => `${(await alices.list()).length} listed`),
      await told(async () => (await signIn()) && 'signed in'),
      await told(async () => `${await alices.revokeAll()} revoked`),
      await told(async () => `${(await alices.list()).length} left`),
    ]
    assert.deepEqual(readFileSync(store.pathOf(idOf('bob'))), bobs)
    assert.deepEqual(readdirSync(folder).toSorted(), ['neighbour', 'store'])
    return answers.join()
  }

  async function signIn(): Promise<boolean> {
    const visit = new Visit(sessions, undefined, connections[0], 'POST')
    const session = await visit.open()
    session.signIn('alice')
    const ticket = await visit.end()
    await store.delete(recordIdOf(name, ticket ?? '') as SessionId, options)
    return true
  }

  const close = () => rmSync(folder, { recursive: true, force: true })
  return { seeds: seeds(), words: words(), separator: ',', maxBytes: 8_192, run, close, keptBytes: 256 }
}

async function told(step: () => Promise<string | boolean>): Promise<string> {
  try {
    return String(await step())
  } catch (error) {
    if (error instanceof CorruptRecordError) return error.name
    assert.ok(error instanceof SessionError, String(error))
    return error.code
  }
}

function seeds(): string[] {
  const generation = `${digestOf('alice')}.sessions`
  const user = { coatcheck: 1, userId: 'alice', notBefore: now - 1_000, sessions: generation, ending: [] }
  return [
    user,
    { ...user, notBefore: now + 60_000 },
    { ...user, sessions: `${generation}-token`, ending: [generation] },
    { ...user, userId: 'bob' },
    { ...user, ending: [`${generation}/../../../../neighbour`] },
  ].map((each) => `${JSON.stringify(each)}\n`)
}

function words(): string[] {
  const generation = `${digestOf('alice')}.sessions`
  return [
    `"${generation}"`,
    `"${generation}/../../../../neighbour"`,
    `"${generation}\\u0000"`,
    `"${generation}${'x'.repeat(300)}"`,
    `"${generation}-x"`,
    `"${digestOf('bob')}.sessions"`,
    `"${digestOf('bob')}"`,
    `".."`,
    `"."`,
    `""`,
    '"ending":',
    '"sessions":',
    '"notBefore":1e999',
    '"notBefore":null',
    '"notBefore":-1',
    ...valueWords,
  ]
}
