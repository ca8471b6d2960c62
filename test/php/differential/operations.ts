import { php, phpBinary, phpSerialize, type SessionFormat } from 'coatcheck/php/formats'
import fc from 'fast-check'

/** An id as the run knows it: the number of one that was seen, or a text. */
export type IdName = { readonly seen: number } | string

/** What a request does: the name of a function without its `session_`, or what is done to `$_SESSION`. */
export type Operation = readonly [name: string, arguments_: readonly unknown[]]

/** Each `{ id }` becomes that id on its side; the rest is text. */
export type CookieHeader = readonly (string | { readonly id: IdName })[] | 'jar'

export interface RequestPlan {
  readonly cookie: CookieHeader
  /** The stored session of the jar's cookie is damaged first. */
  readonly isDamaged: boolean
  /** All sessions but the jar's have expired. Then no operation asks for one of them: PHP would still read it. */
  readonly isAged: boolean
  readonly operations: readonly Operation[]
}

/** PHP's names. */
export interface SettingsPlan {
  readonly name: string
  readonly serialize_handler: SessionFormat['name']
  readonly use_strict_mode: 0 | 1
  readonly use_cookies: 0 | 1
  readonly lazy_write: 0 | 1
  readonly cookie_lifetime: number
  readonly cookie_path: string
  readonly cookie_domain: string
  readonly cookie_secure: 0 | 1
  readonly cookie_httponly: 0 | 1
  readonly cookie_samesite: '' | 'Lax' | 'Strict' | 'None'
  readonly cache_limiter: string
  readonly cache_expire: number
  readonly sid_length: number
  readonly sid_bits_per_character: number
}

export interface ListPlan {
  readonly settings: SettingsPlan
  readonly requests: readonly RequestPlan[]
}

export const formats: readonly SessionFormat[] = [php, phpSerialize, phpBinary]

const bit = fc.constantFrom<(0 | 1)[]>(0, 1)
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
const limiter = fc.constantFrom('nocache', 'private', 'private_no_expire', 'public', '', 'NoCache', 'none')

const settings: fc.Arbitrary<SettingsPlan> = fc.record({
  name: mostly('PHPSESSID', 'sid', '__Host-x', 'a_b'),
  serialize_handler: fc.constantFrom<SessionFormat['name'][]>('php', 'php_serialize', 'php_binary'),
  use_strict_mode: bit,
  use_cookies: mostly<0 | 1>(1, 1, 1, 0),
  lazy_write: bit,
  cookie_lifetime: mostly(0, 1, 60, 31_536_000),
  cookie_path: mostly('/', '', '/shop'),
  cookie_domain: mostly('', 'example.org'),
  cookie_secure: bit,
  cookie_httponly: bit,
  cookie_samesite: mostly<SettingsPlan['cookie_samesite']>('', 'Lax', 'Strict', 'None'),
  cache_limiter: limiter,
  cache_expire: mostly(180, 0, 1),
  sid_length: mostly(32, 22, 26, 256 - 20),
  sid_bits_per_character: fc.constantFrom(4, 5, 6),
})

const name = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('n', 'user', 'cart', 'é', '', '!x', '__proto__', 'constructor') },
  { weight: 1, arbitrary: fc.constantFrom('5', '-1', '05', 'a|b', 'x'.repeat(127), 'x'.repeat(128)) },
)
const scalar = fc.oneof(
  fc.constantFrom<unknown[]>(null, true, false, 0.5, -1.25e-7, 1e25, '', 'text', 'naïve 🎩', '5'),
  fc.integer(),
)
const key = fc.constantFrom('a', 'b', 'é')
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.dictionary(key, fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    }),
  },
)

const id: fc.Arbitrary<IdName> = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 4 }).map((seen) => ({ seen })) },
  { weight: 1, arbitrary: fc.constantFrom('abc', 'A-1,b', '-', 'x'.repeat(200)) },
)
const strangeId = fc.constantFrom(
  'a_b',
  '../x',
  'a b',
  '"',
  '<x>',
  '',
  'x'.repeat(257),
  'é',
  '0',
  "'",
  'a\\b',
  'a\0b',
  '\0',
  '\n',
)
const anyId = fc.oneof({ weight: 3, arbitrary: id }, { weight: 1, arbitrary: strangeId })

const option = fc.oneof(
  fc.record(
    {
      cookie_lifetime: fc.constantFrom<unknown[]>(0, 60, '90', -1),
      cookie_path: fc.constantFrom('/', '/p'),
      cookie_secure: fc.constantFrom<unknown[]>(true, false, 1, '0', 'on'),
      cookie_samesite: fc.constantFrom('Lax', ''),
      cache_limiter: limiter,
      use_strict_mode: fc.boolean(),
      lazy_write: fc.boolean(),
      sid_length: fc.constantFrom(22, 40, 21, 257),
      sid_bits_per_character: fc.constantFrom<unknown[]>(4, 5, 6, 7, '3'),
      serialize_handler: fc.constantFrom('php', 'php_serialize', 'php_binary', 'nonsense'),
      read_and_close: fc.constantFrom<unknown[]>(true, false, 0, 1, '1', 'yes'),
      name: fc.constantFrom('other', 'PHPSESSID', '12', ''),
      nonsense: fc.constant(1),
      7: fc.constant('ignored'),
    },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      cookie_lifetime: fc.constantFrom<unknown[]>(60, 1.5, null, []),
      cookie_path: fc.constantFrom<unknown[]>('/q', 0.5),
    },
    { requiredKeys: [] },
  ),
)
const cookieOptions = fc.record(
  {
    lifetime: fc.constantFrom<unknown[]>(0, 60, -1, '120'),
    Path: fc.constantFrom('/', '/set'),
    DOMAIN: fc.constantFrom('', 'example.net'),
    secure: fc.boolean(),
    httponly: fc.boolean(),
    samesite: fc.constantFrom('', 'Strict', 'Odd'),
    odd: fc.constant(1),
    3: fc.constant('x'),
  },
  { requiredKeys: [] },
)

/** As the two ends see it, in base64: JSON carries no bytes. */
const stored = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...formats), fc.dictionary(key, value, { maxKeys: 3 }))
      .map(([format, data]) => Buffer.from(format.encode(new Map(Object.entries(data)) as never)).toString('base64')),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('', 'n|i:1', 'n|i:1;x', 'a:0:{}', 'N;', 'a:1:{i:0;i:1;}')
      .map((text) => Buffer.from(text).toString('base64')),
  },
)

const plain = (text: string): fc.Arbitrary<Operation> => fc.constant([text, []])
const called = (text: string, ...arguments_: fc.Arbitrary<unknown>[]): fc.Arbitrary<Operation> =>
  fc.tuple(...arguments_).map((values) => [text, values])

const start = fc.oneof({ weight: 4, arbitrary: plain('start') }, { weight: 1, arbitrary: called('start', option) })

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: called('set', name, value) },
  { weight: 3, arbitrary: called('push', fc.constantFrom('cart', 'n'), scalar) },
  { weight: 3, arbitrary: called('delete', name) },
  { weight: 5, arbitrary: start },
  { weight: 5, arbitrary: called('regenerate_id', fc.boolean()) },
  ...['write_close', 'destroy', 'reset', 'abort'].map((text) => ({ weight: 3, arbitrary: plain(text) })),
  ...[
    'unset',
    'encode',
    'id',
    'status',
    'name',
    'commit',
    'get_cookie_params',
    'cache_limiter',
    'cache_expire',
    'module_name',
    'save_path',
    'register_shutdown',
    'create_id',
    'gc',
  ].map((text) => ({ weight: 1, arbitrary: plain(text) })),
  {
    weight: 3,
    arbitrary: called(
      'id',
      anyId.map((each) => ({ id: each })),
    ),
  },
  { weight: 2, arbitrary: called('name', fc.constantFrom('other', 'PHPSESSID', '0', '', '1e3', 'x1')) },
  { weight: 2, arbitrary: called('decode', stored) },
  { weight: 2, arbitrary: called('set_cookie_params', cookieOptions) },
  {
    weight: 1,
    arbitrary: called(
      'set_cookie_params',
      fc.constantFrom(0, 30, -5),
      fc.constantFrom(null, '/l'),
      fc.constantFrom(null, 'l.example.org'),
      fc.constantFrom(null, true, false),
      fc.constantFrom(null, true),
    ),
  },
  { weight: 1, arbitrary: called('cache_limiter', limiter) },
  { weight: 1, arbitrary: called('cache_expire', fc.constantFrom(0, 5)) },
  { weight: 1, arbitrary: called('create_id', fc.constantFrom('', 'pre-', 'a,b', 'no_way', 'no way')) },
  { weight: 1, arbitrary: called('module_name', fc.constantFrom('files', 'user', 'USER', 'nonsense')) },
)

const cookie: fc.Arbitrary<CookieHeader> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<CookieHeader>('jar') },
  { weight: 2, arbitrary: fc.constant<CookieHeader>([]) },
  { weight: 2, arbitrary: id.map((each): CookieHeader => ['NAME=', { id: each }]) },
  {
    weight: 1,
    arbitrary: fc.tuple(id, id).map(([one, two]): CookieHeader => ['NAME=', { id: one }, '; NAME=', { id: two }]),
  },
  { weight: 1, arbitrary: id.map((each): CookieHeader => ['NAME[x]=', { id: each }]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(id, fc.constantFrom('; NAME[x]=y', '; NAME[]=y', '; NAME[x=y', '; name=y', ' ; x=y', ';', '; NAME'))
      .map(([each, rest]): CookieHeader => ['NAME=', { id: each }, rest]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('NAME[=; ', 'NAME[x]=y; ', ' ', 'a=b;', 'NAME; ', '=x; ', ';; '), id)
      .map(([before, each]): CookieHeader => [before, 'NAME=', { id: each }]),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '',
        'a_b',
        '../x',
        '%2e%2e%2fx',
        'a b',
        'a+b',
        '%22',
        '<x>',
        'x'.repeat(257),
        'abc%00def',
        '%00',
        'a%2Cb',
        'a,b',
        '%',
        '%4',
        'é',
        'abc%0a',
        'a=b',
        '"abc"',
      )
      .map((text): CookieHeader => [`NAME=${text}`]),
  },
)

const collecting: fc.Arbitrary<RequestPlan> = fc
  .array(
    fc.oneof(called('set', name, value), plain('gc'), plain('write_close'), called('regenerate_id', fc.boolean())),
    {
      maxLength: 4,
    },
  )
  .map((operations) => ({
    cookie: 'jar',
    isDamaged: false,
    isAged: true,
    operations: [['start', []], ['gc', []], ...operations],
  }))

const visiting: fc.Arbitrary<RequestPlan> = fc
  .record({
    cookie,
    isDamaged: mostly(false, false, false, false, false, false, false, true),
    first: fc.oneof({ weight: 5, arbitrary: start.map((each) => [each]) }, { weight: 1, arbitrary: fc.constant([]) }),
    operations: fc.array(operation, { maxLength: 8 }),
  })
  .map(({ cookie: header, isDamaged, first, operations }) => ({
    cookie: header,
    isDamaged,
    isAged: false,
    operations: [...first, ...operations],
  }))

const request = fc.oneof({ weight: 12, arbitrary: visiting }, { weight: 1, arbitrary: collecting })

/** A visitor's requests, each with what it does to its session. */
export const list: fc.Arbitrary<ListPlan> = fc.record({
  settings,
  requests: fc.array(request, { minLength: 1, maxLength: 6 }),
})
