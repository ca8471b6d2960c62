import type { PlantedFault } from './engine/bundle.ts'
import type { Finding } from './engine/target.ts'
import type { TargetName } from './targets.ts'

/** A mistake that someone could make in the library tomorrow, and where it must come to light. */
export interface Mistake extends PlantedFault {
  readonly target: TargetName
  /** How it comes to light. */
  readonly kinds: readonly Finding['kind'][]
  /** How many inputs it takes at most. Default: 40,000. */
  readonly executions?: number
}

export const mistakes: { readonly [what: string]: Mistake } = {
  'a name in the Cookie header is trimmed of more than space and tab': {
    target: 'cookie',
    kinds: ['failure'],
    file: 'src/core/cookie.ts',
    text: 'function trim(text: string): string {',
    instead: 'function trim(text: string): string { return text.trim()',
  },
  'a name in the Cookie header is compared without regard to case': {
    target: 'cookie',
    kinds: ['failure'],
    file: 'src/core/cookie.ts',
    text: 'trim(pair.slice(0, equals)) === name',
    instead: 'trim(pair.slice(0, equals)).toLowerCase() === name.toLowerCase()',
  },
  'of two cookies of one name the first counts': {
    target: 'cookie',
    kinds: ['failure'],
    file: 'src/core/opening.ts',
    text: "if (values.length > 1) return reject('doubled')",
    instead: '',
  },
  'a ticket may be percent-encoded': {
    target: 'cookie',
    kinds: ['failure'],
    file: 'src/core/ticket.ts',
    text: 'export function parseTicket(value: string): Ticket | undefined {',
    instead: `export function parseTicket(given: string): Ticket | undefined {
      const value = given.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))`,
  },
  'a ticket may be padded': {
    target: 'cookie',
    kinds: ['failure'],
    file: 'src/core/ticket.ts',
    text: '/^[A-Za-z0-9_-]{64}$/',
    instead: '/^[A-Za-z0-9_-]{64}=*$/',
  },
  'a ticket may be of the other base64 alphabet': {
    target: 'cookie',
    kinds: ['failure'],
    file: 'src/core/ticket.ts',
    text: '/^[A-Za-z0-9_-]{64}$/',
    instead: '/^[A-Za-z0-9_+/-]{64}$/',
  },
  'a secret opens the session of which half is right': {
    target: 'record',
    kinds: ['failure'],
    file: 'src/core/ticket.ts',
    text: 'export function isSameHash(one: string, other: string): boolean {',
    instead: `export function isSameHash(one: string, other: string): boolean {
      if (one.length > 20 && one.slice(0, 20) === other.slice(0, 20)) return true`,
  },
  'a session outlives its deadline': {
    target: 'record',
    kinds: ['failure'],
    file: 'src/core/opening.ts',
    text: 'now >= body.deadline',
    instead: 'body.deadline < 0',
  },
  'a record that was cut off is taken for whole': {
    target: 'record',
    kinds: ['failure'],
    file: 'src/core/record-body.ts',
    text: "throw new TypeError('not the keys that were written')",
    instead: '{}',
  },
  'a record may hold a key named __proto__': {
    target: 'record',
    kinds: ['failure', 'pollution'],
    file: 'src/core/record-body.ts',
    text: "typeof key !== 'string' || key === '__proto__'",
    instead: "typeof key !== 'string'",
  },
  'a record’s fields are copied in depth': {
    target: 'record',
    kinds: ['pollution'],
    file: 'src/core/record-body.ts',
    text: 'const fields: unknown = JSON.parse(line)',
    instead: `const fields: unknown = JSON.parse(line)
      type Tree = { [name: string]: unknown }
      const copy = (to: Tree, from: Tree): void => {
        for (const [name, value] of Object.entries(from)) {
          if (typeof value === 'object' && value !== null) copy((to[name] ??= {}) as Tree, value as Tree)
          else to[name] = value
        }
      }
      copy({}, Object(fields) as Tree)`,
  },
  'all records are remembered': {
    target: 'record',
    kinds: ['memory'],
    executions: 25_000,
    file: 'src/core/record-body.ts',
    text: 'const fields: unknown = JSON.parse(line)',
    // Much of each, and of what is no JSON too: a busy machine weighs few of them.
    instead: `const all = globalThis as { remembered?: unknown[] }
      all.remembered ??= []
      all.remembered.push(Array.from({ length: 500 }, () => line))
      const fields: unknown = JSON.parse(line)`,
  },
  'a value may hold a key named __proto__': {
    target: 'codec',
    kinds: ['failure'],
    file: 'src/core/codec.ts',
    text: "text.includes('__proto__') || ",
    instead: '',
  },
  'a value is matched with a pattern that takes exponential time': {
    target: 'codec',
    kinds: ['hang'],
    file: 'src/core/codec.ts',
    text: "const isRich = text.startsWith('~')",
    instead: String.raw`const isRich = text.startsWith('~') && !/^~?\[(?:[\w",]+,?)*\]$/.test(text)`,
  },
  'a value is read in quadratic time': {
    target: 'codec',
    kinds: ['slow', 'hang'],
    file: 'src/core/codec.ts',
    text: "const isRich = text.startsWith('~')",
    instead:
      "const isRich = text.startsWith('~') && ![...text].some((_, at) => at > 200 && text.slice(0, at).split('').length < 0)",
  },
  'a sum forgets what others added': {
    target: 'merge',
    kinds: ['failure'],
    file: 'src/core/merge.ts',
    text: 'mine - asNumber(loaded) + asNumber(theirs)',
    instead: 'mine',
  },
  'a file that was cut off is taken for whole': {
    target: 'file',
    kinds: ['failure'],
    file: 'src/stores/file/record-file.ts',
    text: 'if (bytes !== body.byteLength)',
    instead: 'if (Number(bytes) < 0)',
  },
  'a file is taken for a session of another name': {
    target: 'file',
    kinds: ['failure'],
    file: 'src/stores/file/record-file.ts',
    text: 'if (header.id !== id)',
    instead: 'if (!header.id)',
  },
  'a user’s file may name a folder elsewhere': {
    target: 'user-file',
    kinds: ['failure'],
    file: 'src/stores/file/user-index.ts',
    text: " && !value.includes('/')",
    instead: '',
  },
  'the first of several proxies is believed': {
    target: 'forwarded',
    kinds: ['failure'],
    file: 'src/adapters/shared/trusted-proxy.ts',
    text: "forwardedProto?.split(',').at(-1)",
    instead: "forwardedProto?.split(',')[0]",
  },
  'every proxy is believed': {
    target: 'forwarded',
    kinds: ['failure'],
    file: 'src/adapters/shared/node-exchange.ts',
    text: 'return this.#isTrusted(socket.remoteAddress) &&',
    instead: 'return',
  },
  'what was encrypted is not authenticated': {
    target: 'sealed',
    kinds: ['failure'],
    file: 'src/security/encryption/aes-gcm.ts',
    text: ', decipher.final()',
    instead: '',
  },
  'an origin is taken for ours that begins like it': {
    target: 'csrf',
    kinds: ['failure'],
    file: 'src/security/csrf/origin.ts',
    text: 'from === ownOrigin(exchange)',
    instead: "from.startsWith(ownOrigin(exchange) ?? '-')",
  },
  'a token is compared by its first byte': {
    target: 'csrf',
    kinds: ['failure'],
    file: 'src/security/csrf/token.ts',
    text: 'return timingSafeEqual(xor(bytes.subarray(size), bytes.subarray(0, size)), digestOf(sid, epoch))',
    instead: 'return (bytes[size]! ^ bytes[0]!) === digestOf(sid, epoch)[0]',
  },
  'a browser is called what its header says': {
    target: 'device',
    kinds: ['failure'],
    file: 'src/security/user-agent.ts',
    text: 'browser.name !== undefined && browsers.has(browser.name)',
    instead: 'browser.name !== undefined',
  },
}
