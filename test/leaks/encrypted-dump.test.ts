import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { encryption } from 'coatcheck/security/encryption'
import { text } from '../http/application.ts'
import { onServer, type Serve, type Setup } from '../http/serving.ts'
import { dumpedPlaces, type Find, type OpenedPlace } from './dumps.ts'

const secrets = {
  'the data': 'the-diagnosis-of-alice',
  'a nested value': 'Ünïted🧥pass',
  'a key of the data': 'nameOfAKeyThatTellsAll',
  'a flash message': 'whispered to one',
}

/** The forms in which a text may lie somewhere; in base64 at each of the three places where it may begin. */
function formsOf(secret: string): { readonly [form: string]: Buffer } {
  const bytes = Buffer.from(secret)
  const base64 = (before: number, encoding: 'base64' | 'base64url'): Buffer => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString(encoding)
      .replace(/=+$/, '')
    return Buffer.from(whole.slice(before === 0 ? 0 : before + 1, -2))
  }
  return {
    plain: bytes,
    reversed: Buffer.from(bytes).reverse(),
    hex: Buffer.from(bytes.toString('hex')),
    'hex in capitals': Buffer.from(bytes.toString('hex').toUpperCase()),
    'UTF-16': Buffer.from(secret, 'utf16le'),
    'UTF-16, big-endian': Buffer.from(secret, 'utf16le').swap16(),
    'JSON of ASCII': Buffer.from(escaped(secret)),
    'percent-encoded': Buffer.from(encodeURIComponent(secret)),
    ...Object.fromEntries(
      [0, 1, 2].flatMap((before) =>
        (['base64', 'base64url'] as const).map((encoding) => [`${encoding} from ${before}`, base64(before, encoding)]),
      ),
    ),
  }
}

const escaped = (secret: string): string =>
  secret.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Which secrets a thief reads, and where. */
function readable(finds: readonly Find[]): string[] {
  return Object.entries(secrets).flatMap(([what, secret]) =>
    Object.entries(formsOf(secret)).flatMap(([form, bytes]) =>
      finds.filter((find) => find.bytes.includes(bytes)).map(({ where }) => `${what}, ${form}, in ${where}`),
    ),
  )
}

/** Everything that a store was given: sign-ins, rotations, messages, changes by others, a session that has ended. */
async function told(
  t: Parameters<Serve>[0],
  serve: Serve,
  place: OpenedPlace,
  options: Setup['options'] = {},
): Promise<readonly Find[]> {
  const server = await serve(t, {
    place,
    options,
    routes: ({ sessions }) => ({
      'POST /confide': async ({ request }) => {
        const session = await sessions.open(request)
        session.data.theme = secrets['the data']
        const data = session.data as unknown as { [key: string]: unknown }
        data[secrets['a key of the data']] = { deep: new Map([['list', [secrets['a nested value']]]]) }
        session.flash.add('notice', secrets['a flash message'])
        return text('confided')
      },
    }),
  })
  const finds: Find[] = []
  const visitors = [server.visitor(), await server.signedIn(), await server.signedIn('bob')]
  for (const visitor of visitors) assert.equal((await visitor.post('/confide')).status, 200)
  finds.push(...(await place.dump()))
  const [anonymous, alice, bob] = visitors
  await anonymous!.post('/login?user=carol')
  await bob!.post('/logout')
  await alice!.post('/regenerate')
  server.clock.advance(16 * 60_000)
  for (const path of ['/who', '/who', '/visit', '/update', '/set?key1=1'])
    assert.equal((await alice!.get(path)).status, 200)
  assert.ok((await alice!.get('/data')).body.includes(secrets['the data']))
  return [...finds, ...(await place.dump())]
}

for (const [name, kind] of Object.entries(dumpedPlaces)) {
  onServer('node', name, (serve) => {
    for (const bindToVisitor of [false, true]) {
      const how = bindToVisitor ? 'encrypted for the visitor' : 'encrypted'
      it(`holds no word of what a session keeps where that is ${how}`, async (t) => {
        const options = { encryption: encryption({ keys: [randomBytes(32)], bindToVisitor }) }
        assert.deepEqual(readable(await told(t, serve, await kind.open(), options)), [])
      })
    }

    it('holds every word of it where it is not: the search finds them', async (t) => {
      const found = readable(await told(t, serve, await kind.open()))
      for (const what of Object.keys(secrets))
        assert.ok(
          found.some((each) => each.startsWith(`${what}, plain`)),
          `${what} was not found`,
        )
    })
  })
}

onServer('node', 'memoryStore', () => {
  it('would find a secret in any of its forms', () => {
    for (const secret of Object.values(secrets)) {
      const bytes = Buffer.from(secret)
      const written: readonly Buffer[] = [
        bytes,
        Buffer.from(bytes.toString('hex')),
        Buffer.from(`xy${secret}`, 'utf16le'),
        ...['', 'a', 'ab', 'abc'].flatMap((before) =>
          (['base64', 'base64url'] as const).map((encoding) =>
            Buffer.from(Buffer.from(`${before}${secret}!`).toString(encoding)),
          ),
        ),
        Buffer.from(escaped(JSON.stringify({ secret }))),
      ]
      for (const each of written) assert.notDeepEqual(readable([{ where: 'a leak', bytes: each }]), [], String(each))
    }
  })
})
