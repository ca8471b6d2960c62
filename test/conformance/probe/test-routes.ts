import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type SessionId, type SessionRecord, Sessions, type SessionsOptions, type Store, type Version } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/fetch'
import { memoryStore } from 'coatcheck/stores/memory'
import { signedInCookie } from 'coatcheck/testing'
import type { Breaker } from '../../http/stores.ts'
import { takeApart } from '../../http/tickets.ts'
import { bodyOf, json, Refusal, type Reply, text } from './replies.ts'
import type { Data, Routes } from './routes.ts'

/** What only a server under test has: a look into its store and its log, and ways to break it. */
export interface TestParts {
  readonly store: Store
  readonly breaker: Breaker
  readonly logText: () => string
  /** The id of the record that a request's cookie opens. */
  readonly recordOf: (request: IncomingMessage) => Promise<SessionId | undefined>
  readonly configuration: () => Promise<unknown>
  readonly rotateKeys: () => void
  readonly retireKeys: () => void
}

export function testRoutesOf(parts: TestParts): Routes {
  const { store, breaker } = parts
  return {
    'GET /__dump': async () => text(await dump(store)),
    'GET /__log': async () => text(parts.logText()),
    'GET /__configuration': async () => json(await parts.configuration()),
    'POST /__configure': async (request) => configure(JSON.parse(await bodyOf(request)) as Wanted),
    'POST /__break': async () => {
      breaker.fail({
        read: 'rejects',
        write: 'rejects',
        touch: 'rejects',
        delete: 'rejects',
        lockAndRead: 'rejects',
        list: 'rejects',
        deleteByUser: 'rejects',
      })
      return text('broken')
    },
    'POST /__mend': async () => {
      breaker.recover()
      return text('mended')
    },
    'POST /__corrupt': async (request, form) => {
      await damage(store, await parts.recordOf(request), form.get('kind') ?? '')
      return text('damaged')
    },
    'POST /__rotate-keys': async () => {
      parts.rotateKeys()
      return text('rotated')
    },
    'POST /__retire-keys': async () => {
      parts.retireKeys()
      return text('retired')
    },
    'POST /__forge': async (request) => {
      const id = await parts.recordOf(request)
      const ticket = /__Host-sid=([\w-]{64})/.exec(request.headers.cookie ?? '')?.[1] ?? ''
      const forged = await bodyInTheClear(ticket)
      await replaceBody(store, id, () => forged)
      return text('forged')
    },
  }
}

/** A line for each record, its key and all that is stored under it. */
async function dump(store: Store): Promise<string> {
  const lines: string[] = []
  for await (const { body, ...record } of store.list!(options())) {
    lines.push(JSON.stringify({ ...record, body: Buffer.from(body).toString('utf8') }))
  }
  return lines.sort().join('\n')
}

const damages: { readonly [kind: string]: (body: Uint8Array) => Uint8Array } = {
  truncated: (body) => body.subarray(0, body.length >> 1),
  garbage: () => Buffer.from(Array.from({ length: 2_000 }, (_, index) => (index * 37) & 0x7f)),
  empty: () => new Uint8Array(),
  'wrong-type': () => Buffer.from('["not","a","record"]\n42'),
  huge: () => Buffer.alloc(4 * 1024 * 1024, 'A'),
}

/** Puts something else in the place of a record's body. */
async function damage(store: Store, id: SessionId | undefined, kind: string): Promise<void> {
  const change = damages[kind]
  if (!change) throw new Refusal(400, `no such damage: ${kind}`)
  await replaceBody(store, id, change)
}

/** What someone with write access to the store would plant: all is right with it for this ticket, but that nobody has sealed it. */
async function bodyInTheClear(ticket: string): Promise<Uint8Array> {
  const store = memoryStore()
  await signedInCookie(new Sessions<Data>({ store }), 'admin')
  for await (const { body } of store.list!(options())) {
    const current = createHash('sha256').update(takeApart(ticket).secret).digest('base64url')
    return Buffer.from(
      Buffer.from(body)
        .toString()
        .replace(/"current":"[^"]+"/, `"current":"${current}"`),
    )
  }
  throw new Error('nothing to forge from')
}

async function replaceBody(
  store: Store,
  id: SessionId | undefined,
  change: (body: Uint8Array) => Uint8Array,
): Promise<void> {
  const record: SessionRecord | undefined = id && (await store.read(id, options()))
  if (!record) throw new Refusal(404, 'no record')
  const version = createHash('sha256').update(`${record.version}x`).digest('base64url').slice(0, 22) as Version
  const written = await store.write({ ...record, version, body: change(record.body) }, record.version, options())
  if (!written.ok) throw new Refusal(409, 'the record was changed meanwhile')
}

function options(): { now: number; signal: AbortSignal } {
  return { now: Date.now(), signal: AbortSignal.timeout(10_000) }
}

/** The settings that the runner may ask for (docs/conformance.md). */
interface Wanted {
  readonly name?: string
  readonly sameSite?: 'Lax' | 'Strict'
  readonly maxAgeSeconds?: number
  readonly idleSeconds?: number
  readonly absoluteSeconds?: number
  readonly assuranceLevel?: 'aal1' | 'aal2' | 'aal3'
}

const offered = ['name', 'sameSite', 'maxAgeSeconds', 'idleSeconds', 'absoluteSeconds', 'assuranceLevel']

/** Makes sessions with these settings and signs someone in: 422 and the reason where the library refuses, 501 where it has no such setting. */
async function configure(wanted: Wanted): Promise<Reply> {
  const { name, sameSite, maxAgeSeconds, idleSeconds, absoluteSeconds, assuranceLevel } = wanted
  const settings: SessionsOptions<Data> = {
    store: memoryStore(),
    cookie: { ...(name !== undefined && { name }), ...(sameSite !== undefined && { sameSite }) },
    ...(idleSeconds !== undefined && { idleTimeout: idleSeconds * 1000 }),
    ...(absoluteSeconds !== undefined && { absoluteTimeout: absoluteSeconds * 1000 }),
    ...(assuranceLevel !== undefined && { assuranceLevel }),
    ...(maxAgeSeconds !== undefined && {
      remember: { idleTimeout: maxAgeSeconds * 1000, absoluteTimeout: maxAgeSeconds * 1000 },
    }),
  }
  try {
    const sessions = new Sessions<Data>(settings)
    const missing = Object.keys(wanted).filter((setting) => !offered.includes(setting))
    if (missing.length > 0) return text(`there is no setting ${missing.join(', ')}`, 501)
    const handle = coatcheck(sessions, async (request) => {
      ;(await sessions.open(request)).signIn('alice', { remember: maxAgeSeconds !== undefined })
      return new Response()
    })
    const response = await handle(new Request('https://shop.example/login', { method: 'POST' }))
    // The value is of no interest, and a live one has no place in a body.
    return text((response.headers.getSetCookie()[0] ?? '').replace(/=[^;]*/, '=value'))
  } catch (error) {
    if (error instanceof TypeError) return text(error.message, 422)
    throw error
  }
}
