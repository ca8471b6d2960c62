import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type SessionId, type SessionRecord, Sessions } from 'coatcheck'
import { parseBody } from '../../src/core/record-body.ts'
import { initial, type Shop } from '../http/application.ts'
import type { Cluster } from './cluster-host.ts'
import type { Judge } from './cluster-judge.ts'
import { decoded } from './interleavings/ground-truth.ts'

/** Every record in the directory of a file store, decoded. Throws `CorruptRecordError` for one that is torn. */
export function decodeAll({ address, store }: Cluster): SessionRecord[] {
  const options = { now: Date.now(), signal: new AbortController().signal }
  const records = join(address.at, 'records')
  const names = readdirSync(records).flatMap((shard) => readdirSync(join(records, shard)))
  return names.flatMap((name) => {
    const [, id] = /^sess_([0-9a-f]{64})$/.exec(name) ?? []
    const record = id && (store.read(id as SessionId, options) as SessionRecord | undefined)
    if (!record) return []
    parseBody(record.body)
    return [record]
  })
}

async function recordsOf(cluster: Cluster): Promise<SessionRecord[]> {
  const { address, store } = cluster
  if (address.kind === 'file') return decodeAll(cluster)
  const records: SessionRecord[] = []
  for await (const record of store.list!({ now: Date.now(), signal: AbortSignal.timeout(30_000) })) records.push(record)
  return records
}

/** What is stored in the end against what is known, once every request has been answered. The judge hears of each difference. */
export async function compare(cluster: Cluster, judge: Judge): Promise<void> {
  // First, as whoever lists a user's sessions ends those that were to be ended by a process that was killed over it.
  const listed = await lists(cluster, judge)
  const records = new Map((await recordsOf(cluster)).map((record) => [record.id as string, record]))
  const unheardOf = new Map<string | undefined, number>()
  for (const { id, userId } of records.values()) {
    if (!judge.ledger.sessions.has(id)) unheardOf.set(userId, (unheardOf.get(userId) ?? 0) + 1)
  }
  for (const [user, count] of unheardOf) {
    if (count > judge.ledger.unheardOf(user))
      judge.fail(`${count} sessions that no answer told of, for ${user ?? 'nobody'}`)
  }
  for (const session of judge.ledger.sessions.values()) {
    const record = records.get(session.id)
    if (record && session.endedAt < Number.POSITIVE_INFINITY) judge.fail('alive after its end', session)
    if (!record && session.enders.size === 0) judge.fail('gone, and nobody ended it', session)
    if (!record) continue
    const isOwner = record.userId === session.user
    const mayBeOwner = record.userId !== undefined && session.possibleUsers.has(record.userId)
    if (!isOwner && (session.user !== undefined || !mayBeOwner)) judge.fail(`is ${record.userId}’s`, session)
    const data = { ...initial(), ...decoded(parseBody(record.body).data) } as Shop
    for (const mistake of session.mistakesIn(data)) judge.fail(mistake, session)
  }
  const live = new Map<string, number>()
  for (const { userId } of records.values()) if (userId !== undefined) live.set(userId, (live.get(userId) ?? 0) + 1)
  for (const user of new Set([...listed.keys(), ...live.keys()])) {
    const [isListed, isLive] = [listed.get(user) ?? 0, live.get(user) ?? 0]
    if (isListed !== isLive) judge.fail(`${user} has ${isLive} sessions, and ${isListed} are listed`)
  }
}

/** How many sessions each user is told of. */
async function lists({ store }: Cluster, judge: Judge): Promise<Map<string, number>> {
  const sessions = new Sessions<Shop>({ store, initial })
  const users = new Set([...judge.ledger.sessions.values()].flatMap(({ possibleUsers }) => [...possibleUsers]))
  const counts = new Map<string, number>()
  for (const user of users) counts.set(user, (await sessions.ofUser(user).list()).length)
  await sessions.close()
  return counts
}
