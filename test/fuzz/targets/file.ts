import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SessionError, type SessionId, Sessions } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { valueWords } from './codec.ts'
import { bodyOf, fieldsOf, hashOf, readBody, recordWords, withKeysCounted } from './record-text.ts'
import { connections, now, ticketOf, Visit } from './visiting.ts'

const [{ name }] = connections
const { value: ticket, secret } = ticketOf('alice')
const id = recordIdOf(name, ticket) as SessionId
const options = { now, signal: new AbortController().signal }

/** The whole file of a session, as anyone may have left it on the disk: it is this session, whole and alive, or none. */
export function open(): Target {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-files-'))
  const store = fileStore(folder)
  const sessions = new Sessions({ store, clock: () => now, cleanupInterval: false })
  const path = store.pathOf(id)
  mkdirSync(dirname(path), { recursive: true })
  let count = 0

  async function run(content: Uint8Array): Promise<string> {
    writeFileSync(path, content)
    const visit = new Visit(sessions, `${name}=${ticket}`)
    const { userId, isStored } = await visit.open()
    await visit.end()
    const said = headerOf(content)
    assert.equal(userId, isStored ? said?.userId : undefined)
    if (isStored) assert.ok(said && opens(said, content), 'a session that the file does not hold')
    count += 1
    const answer = `${isStored ? 'a session' : 'none'}, ${count % 4 === 0 ? await used(isStored) : ''}`
    if (count % 16 === 0) {
      await store.delete(id, options)
      assert.ok(!existsSync(path))
    }
    return answer
  }

  /** The rest of what a store does with a file: nothing of it may fail, and a file that is no session stays as it is. */
  async function used(isStored: boolean): Promise<string> {
    const before = readFileSync(path)
    await store.touch(id, { expiresAt: now + 2_000_000, lastSeenAt: now + 1 }, options)
    let listed = 0
    for await (const record of store.list(options)) listed += record.id === id ? 1 : 0
    const writing = new Visit(sessions, `${name}=${ticket}`, connections[0], 'POST')
    try {
      const session = await writing.open(count % 8 === 0 ? 'exclusive' : 'shared')
      assert.equal(session.isStored, isStored)
      if (isStored) session.data.added = 1
      await writing.end()
    } catch (error) {
      assert.ok(error instanceof SessionError, String(error))
      return error.code
    }
    if (!isStored && listed === 0) assert.deepEqual(readFileSync(path), before)
    assert.deepEqual(readdirSync(dirname(path)), [path.slice(dirname(path).length + 1)])
    return `listed ${listed}`
  }

  const close = () => rmSync(folder, { recursive: true, force: true })
  return { seeds: seeds(), words: words(), separator: '\n', maxBytes: 131_072, run, repair, close }
}

function headerOf(content: Uint8Array): { readonly [field: string]: unknown } | undefined {
  try {
    return { ...JSON.parse(Buffer.from(content).toString().split('\n', 1)[0]!) }
  } catch {
    return undefined
  }
}

function opens(said: { readonly [field: string]: unknown }, content: Uint8Array): boolean {
  const body = content.subarray(content.indexOf(10) + 1)
  const isThis = said.coatcheck === 1 && said.id === id && said.bytes === body.length && Number(said.expiresAt) > now
  const { fields } = readBody(body) ?? {}
  const previous = (fields?.previous as { hash?: unknown } | undefined)?.hash
  return isThis && [fields?.current, previous].includes(hashOf(secret)) && Number(fields?.deadline) > now
}

/** Counts the keys and the bytes anew. */
function repair(content: Uint8Array): Uint8Array {
  const text = Buffer.from(content).toString('latin1')
  const end = text.indexOf('\n')
  if (end < 0) return content
  const body = Buffer.from(withKeysCounted(content.subarray(end + 1))).toString('latin1')
  const header = text.slice(0, end).replace(/"bytes":\s*-?[\w.+]*/, `"bytes":${body.length}`)
  return Buffer.from(`${header}\n${body}`, 'latin1')
}

function seeds(): string[] {
  const fields = fieldsOf('alice')
  const header = { coatcheck: 1, id, version: 'v', expiresAt: now + 1_800_000, lastSeenAt: now, userId: 'alice' }
  const file = (head: object, body: string) => `${JSON.stringify({ ...head, bytes: body.length })}\n${body}`
  return [
    file({ ...header, openedAt: now }, bodyOf(fields, ['n:1', 'list:[1]'])),
    file(header, bodyOf({ ...fields, flash: [] }, [])),
    file({ ...header, userId: undefined }, bodyOf(fields, ['n:1'])),
    file({ ...header, id: 'a'.repeat(64) }, bodyOf(fields, ['n:1'])),
    file({ ...header, expiresAt: now - 1 }, bodyOf(fields, ['n:1'])),
    file(header, bodyOf(fields, ['n:1', 'list:[1,2,3]'])).slice(0, -3),
    'user_id|i:1;username|s:5:"admin";',
    '',
    '\n',
  ]
}

function words(): string[] {
  const header = [
    '"coatcheck":1',
    '"coatcheck":2',
    '"version":""',
    '"userId":"bob"',
    '"userId":null',
    '"userId":""',
    id,
  ]
  return [...header, '"openedAt":', '"expiresAt":', '"bytes":', `"id":"${id}"`, ...recordWords, ...valueWords]
}
