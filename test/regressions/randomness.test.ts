import assert from 'node:assert/strict'
import { randomBytes as trueRandomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type RandomBytes, Sessions } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { onServer } from '../http/serving.ts'
import { takeApart } from '../http/tickets.ts'
import { comparesOfSecrets, weakSources } from './source-faults.ts'

/** Sources that do not deliver: what must come of each is a failure, never a weaker ticket. */
const faulty: { readonly [bug: string]: { readonly [what: string]: RandomBytes } } = {
  'CVE-2021-3538 (go.uuid)': {
    'gives fewer bytes than asked for': (size) => new Uint8Array(size - 1),
    'gives none': () => new Uint8Array(0),
  },
  'CVE-2026-56016 (CGI::Session)': {
    'is not there': () => {
      throw new Error('no entropy source')
    },
  },
  'CVE-2026-3256 (HTTP::Session)': { 'gives nothing': () => undefined as never },
  'CVE-2025-40931 (Apache::Session)': { 'gives a text': (size) => 'x'.repeat(size - 1) as never },
}

onServer('node', 'memoryStore', (serve) => {
  for (const [bug, sources] of Object.entries(faulty)) {
    for (const [what, randomBytes] of Object.entries(sources)) {
      it(`${bug}: a source of randomness that ${what} makes no ticket at all`, async (t) => {
        t.mock.method(console, 'error', () => {})
        // Refused at the start; so it goes wrong later.
        assert.throws(() => new Sessions({ store: memoryStore(), randomBytes }))
        let isBroken = false
        const breaking: RandomBytes = (size) => (isBroken ? randomBytes(size) : trueRandomBytes(size))
        const server = await serve(t, { options: { randomBytes: breaking } })
        isBroken = true
        for (const path of ['/n', '/login']) {
          const { status, setCookies } = await server.visitor().post(path)
          assert.deepEqual([status >= 500, setCookies], [true, []])
        }
        assert.deepEqual(await server.records(), [])
      })
    }
  }

  it('CVE-2025-40931 (Apache::Session): of 4,000 tickets, two never meet, and each bit is as often 0 as 1', async (t) => {
    const server = await serve(t)
    const count = 4_000
    const tickets: Buffer[] = []
    const worker = async (): Promise<void> => {
      while (tickets.length < count) {
        const visitor = server.visitor()
        await visitor.post('/n')
        tickets.push(Buffer.from(visitor.ticket!, 'base64url'))
      }
    }
    await Promise.all(Array.from({ length: 32 }, worker))
    for (const part of ['sid', 'secret'] as const) {
      const parts = tickets.map((ticket) => takeApart(ticket.toString('base64url'))[part])
      assert.equal(new Set(parts.map((bytes) => bytes.toString('hex'))).size, tickets.length)
      assert.deepEqual(biasedBits(parts), [], part)
    }
    assert.deepEqual(biasedBits(tickets), [], 'as the cookie shows it')
    assert.notDeepEqual(
      biasedBits(tickets.map((ticket, index) => Buffer.from([index & 0x7f, ...ticket.subarray(1)]))),
      [],
    )
  })

  it('CVE-2021-3538 (go.uuid): each ticket costs 16 random bytes for its id and 32 for its secret', async (t) => {
    const asked: number[] = []
    const counting: RandomBytes = (size) => {
      asked.push(size)
      return trueRandomBytes(size)
    }
    const server = await serve(t, { options: { randomBytes: counting } })
    await server.visitor().post('/n')
    assert.ok(asked.includes(16) && asked.includes(32), asked.join())
  })
})

/** The places of the bits that are 1 more or less often than chance would have it, by more than six standard deviations. */
function biasedBits(values: readonly Buffer[]): number[] {
  const deviation = Math.sqrt(values.length) / 2
  return Array.from({ length: values[0]!.length * 8 }, (_, bit) => bit).filter((bit) => {
    const ones = values.filter((bytes) => (bytes[bit >> 3]! >> (bit & 7)) & 1).length
    return Math.abs(ones - values.length / 2) > 6 * deviation
  })
}

describe('the source', () => {
  const source = new Map(
    readdirSync('src', { recursive: true, withFileTypes: true })
      .filter(({ name }) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
      .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'))
      .map((path) => [path, readFileSync(path, 'utf8')] as const),
  )

  it('CVE-2026-56016 (CGI::Session): makes nothing of Math.random, of the time or of a process id in its core', () => {
    const core = new Map([...source].filter(([path]) => /^src\/(core|security|adapters)\//.test(path)))
    assert.ok(core.size > 20)
    assert.deepEqual(weakSources(core), [])
  })

  it('CVE-2016-1000236 (cookie-signature): compares no secret, hash or signature with ===', () => {
    const core = new Map([...source].filter(([path]) => /^src\/(core|security|adapters)\//.test(path)))
    assert.deepEqual(comparesOfSecrets(core), [])
  })

  it('CVE-2016-1000236 (cookie-signature): makes sure of the lengths before timingSafeEqual, which throws where they differ', () => {
    const users = [...source].filter(([, text]) => /timingSafeEqual\(/.test(text))
    assert.ok(users.length > 0)
    for (const [path, text] of users) {
      for (const [call] of text.matchAll(/(.*\n){3}.*timingSafeEqual\(.*/g))
        assert.match(call, /[lL]ength [!=]== |\{\d+\}\$\/\.test\(/, path)
    }
  })
})

describe('the look at the source finds', () => {
  const found = (find: (source: ReadonlyMap<string, string>) => string[], line: string) =>
    find(new Map([['src/core/x.ts', line]])).length > 0

  it('weak sources', () => {
    for (const line of [
      'const id = Math.random().toString(36)',
      'const sid = String(Date.now())',
      'const secret = String(process.pid)',
      'const token = performance.now().toString(16)',
      'const id = randomUUID()',
      'return createHash("md5").update(time)',
    ])
      assert.ok(found(weakSources, line), line)
    for (const line of [
      'const now = Date.now()',
      '// not Math.random()',
      'clock = Date.now',
      'const startedAt = performance.now()',
    ])
      assert.ok(!found(weakSources, line), line)
  })

  it('compares of secrets', () => {
    for (const line of [
      'if (hash === current) return',
      'return signature == expected',
      'if (body.current !== hashSecret(secret)) throw x',
      'const ok = token === stored.token',
      'spent.includes(hash)',
      'const isPrevious = mac.equals(other)',
    ])
      assert.ok(found(comparesOfSecrets, line), line)
    for (const line of [
      'if (typeof token === "string") x()',
      'if (secret === undefined) x()',
      'one.length === other.length && timingSafeEqual(a, b)',
      'if (token.length !== 43) x()',
      '// hash === current',
    ])
      assert.ok(!found(comparesOfSecrets, line), line)
  })
})
