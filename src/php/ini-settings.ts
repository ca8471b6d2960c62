import { statSync } from 'node:fs'
import { php, phpBinary, phpSerialize, type SessionFormat } from './formats.ts'

/** PHP's `session.…` settings in camelCase, with PHP's own defaults. Each request begins with them, and may change its own copy as in PHP. */
export interface PhpSettings {
  /** Default: `PHPSESSID`. PHP can't read cookies with a `.` or a space in their name. */
  readonly name?: string
  /** How a session is written: `php`, `phpSerialize` or `phpBinary` of `coatcheck/php/formats`, as PHP's `session.serialize_handler`. Default: `php`. */
  readonly serializeHandler?: SessionFormat
  /** Replace an id that no session is stored under. Default: false until PHP 8.6. Turn it on, in PHP too: without it a visitor's id can be chosen by someone else (fixation). */
  readonly useStrictMode?: boolean
  /** Take the id from a cookie and send it in one. Default: true. */
  readonly useCookies?: boolean
  /** Ids in URLs are not offered: anyone who sees the address has the session. */
  readonly useOnlyCookies?: true
  /** Seconds that the browser keeps the cookie; 0, the default: until it is closed. PHP sends it once and does not renew it. */
  readonly cookieLifetime?: number
  /** Default: `/`. */
  readonly cookiePath?: string
  /** Default: none, so that the cookie goes to this host only. */
  readonly cookieDomain?: string
  /** Default: false. Turn it on over https, in PHP too. */
  readonly cookieSecure?: boolean
  /** Default: false until PHP 8.6. Turn it on, in PHP too. */
  readonly cookieHttponly?: boolean
  /** Default: none until PHP 8.6, then `Lax`. */
  readonly cookieSamesite?: 'Strict' | 'Lax' | 'None' | ''
  /** `nocache`, `private`, `private_no_expire`, `public`, or `` for no caching headers. Default: `nocache`. */
  readonly cacheLimiter?: string
  /** Minutes, for the limiters other than `nocache`. Default: 180. */
  readonly cacheExpire?: number
  /** Expired sessions are looked for in `gcProbability` of `gcDivisor` starts. Default: 1. Debian's PHP has 0, and a timer of its own. */
  readonly gcProbability?: number
  /** Default: 100. */
  readonly gcDivisor?: number
  /** Characters of a new id, 22 to 256. Default: 32. Debian's PHP has 26. */
  readonly sidLength?: number
  /** 4, 5 or 6. Default: 4. Debian's PHP has 5. */
  readonly sidBitsPerCharacter?: number
  /** Don't write what hasn't changed. Default: true. */
  readonly lazyWrite?: boolean
  /** For `Last-Modified`, where PHP says when the script was changed. Default: when the program's main file was. */
  readonly lastModified?: Date
}

/** One request's settings. */
export type Settings = {
  -readonly [name in Exclude<keyof PhpSettings, 'cookieSamesite' | 'lastModified'>]-?: Required<PhpSettings>[name]
} & { cookieSamesite: string; readonly lastModified: Date | undefined }

const defaults: Omit<Settings, 'lastModified'> = {
  name: 'PHPSESSID',
  serializeHandler: php,
  useStrictMode: false,
  useCookies: true,
  useOnlyCookies: true,
  cookieLifetime: 0,
  cookiePath: '/',
  cookieDomain: '',
  cookieSecure: false,
  cookieHttponly: false,
  cookieSamesite: '',
  cacheLimiter: 'nocache',
  cacheExpire: 180,
  gcProbability: 1,
  gcDivisor: 100,
  sidLength: 32,
  sidBitsPerCharacter: 4,
  lazyWrite: true,
}

/** Throws a TypeError that names the option. */
export function readSettings(given: PhpSettings): Settings {
  const settings = { ...defaults, lastModified: given.lastModified ?? mainFileTime() } as Record<string, unknown>
  for (const [option, value] of Object.entries(given)) {
    if (value === undefined || option === 'lastModified') continue
    if (!Object.hasOwn(defaults, option)) throw new TypeError(`PhpSessions has no option ${option}`)
    const kind = typeof defaults[option as keyof typeof defaults]
    if (typeof value !== kind) throw new TypeError(`${option} must be a ${kind}, got ${typeof value}`)
    settings[option] = value
  }
  const checked = settings as Settings
  const refusal = refusalOf(checked)
  if (refusal) throw new TypeError(refusal)
  return checked
}

function refusalOf(settings: Settings): string | undefined {
  const { name, useOnlyCookies, cookieLifetime, cacheExpire, gcProbability, gcDivisor } = settings
  const wholes = { cookieLifetime, cacheExpire, gcProbability, gcDivisor }
  const broken = Object.entries(wholes).find(([, value]) => !Number.isSafeInteger(value) || value < 0)
  if (broken) return `${broken[0]} must be a whole number, not negative, got ${broken[1]}`
  if (!useOnlyCookies) return 'useOnlyCookies must be true: an id in a URL is seen by everyone who sees the address'
  const own = {
    name: nameRefusal(name),
    sidLength: lengthRefusal(settings),
    sidBitsPerCharacter: bitsRefusal(settings),
  }
  const refused = Object.entries(own).find(([, refusal]) => refusal)
  return refused && `${refused[0]}: ${refused[1]}`
}

function nameRefusal(name: string): string | undefined {
  if (name === '' || /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(name))
    return `session.name "${name}" cannot be numeric or empty`
  // PHP 8.2 takes these, and then fails to send the cookie.
  if (/[=,;.[ \t\r\n\v\f\0]/.test(name))
    return "session.name cannot contain any of the following '=,;.[ \\t\\r\\n\\013\\014'"
  return undefined
}

function lengthRefusal({ sidLength }: Settings): string | undefined {
  const isRight = Number.isInteger(sidLength) && sidLength >= 22 && sidLength <= 256
  return isRight ? undefined : 'session.configuration "session.sid_length" must be between 22 and 256'
}

function bitsRefusal({ sidBitsPerCharacter }: Settings): string | undefined {
  if ([4, 5, 6].includes(sidBitsPerCharacter)) return undefined
  return 'session.configuration "session.sid_bits_per_character" must be between 4 and 6'
}

/** Done, refused, or refused with a warning of PHP's. */
export type Changed = true | false | { readonly warning: string }

type Change = (settings: Settings, text: string) => Changed

const toText = (option: 'cookiePath' | 'cookieDomain' | 'cookieSamesite' | 'cacheLimiter'): Change => {
  return (settings, text) => {
    settings[option] = text
    return true
  }
}
const toWhole = (option: 'cacheExpire' | 'gcProbability' | 'gcDivisor'): Change => {
  return (settings, text) => {
    settings[option] = toInteger(text)
    return true
  }
}
const toFlag = (option: 'useStrictMode' | 'useCookies' | 'cookieSecure' | 'cookieHttponly' | 'lazyWrite'): Change => {
  return (settings, text) => {
    settings[option] = /^(true|yes|on)$/i.test(text) || toInteger(text) !== 0
    return true
  }
}
const formats = [php, phpSerialize, phpBinary]

/** By PHP's names. Those that are missing can't be changed by a request: where sessions are kept is the save handler's own. */
const changes: { readonly [name: string]: Change } = {
  name: changed(
    'name',
    (text) => text,
    ({ name }) => nameRefusal(name),
  ),
  serialize_handler(settings, text) {
    const format = formats.find(({ name }) => name === text)
    if (!format) return { warning: `Serialization handler "${text}" cannot be found` }
    settings.serializeHandler = format
    return true
  },
  use_strict_mode: toFlag('useStrictMode'),
  use_cookies: toFlag('useCookies'),
  cookie_lifetime: changed('cookieLifetime', toInteger, ({ cookieLifetime }) =>
    cookieLifetime < 0 ? 'CookieLifetime cannot be negative' : undefined,
  ),
  cookie_path: toText('cookiePath'),
  cookie_domain: toText('cookieDomain'),
  cookie_secure: toFlag('cookieSecure'),
  cookie_httponly: toFlag('cookieHttponly'),
  cookie_samesite: toText('cookieSamesite'),
  cache_limiter: toText('cacheLimiter'),
  cache_expire: toWhole('cacheExpire'),
  gc_probability: toWhole('gcProbability'),
  gc_divisor: toWhole('gcDivisor'),
  sid_length: changed('sidLength', toInteger, lengthRefusal),
  sid_bits_per_character: changed('sidBitsPerCharacter', toInteger, bitsRefusal),
  lazy_write: toFlag('lazyWrite'),
}

/** What `ini_set('session.' . name, text)` does. */
export function changeSetting(settings: Settings, name: string, text: string): Changed {
  return Object.hasOwn(changes, name) ? changes[name]!(settings, text) : false
}

function changed<Name extends 'name' | 'cookieLifetime' | 'sidLength' | 'sidBitsPerCharacter'>(
  option: Name,
  parse: (text: string) => Settings[Name],
  refuse: (settings: Settings) => string | undefined,
): Change {
  return (settings, text) => {
    const value = parse(text)
    const warning = refuse({ ...settings, [option]: value })
    if (warning) return { warning }
    settings[option] = value
    return true
  }
}

/** PHP's integers in settings: leading digits, and K, M or G after them. */
function toInteger(text: string): number {
  const [, digits = '0', unit = ''] = /^\s*([+-]?\d+)\s*([kmg]?)\s*$/i.exec(text) ?? /^\s*([+-]?\d+)/.exec(text) ?? []
  return Number(digits) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' ')
}

function mainFileTime(): Date | undefined {
  try {
    return process.argv[1] === undefined ? undefined : statSync(process.argv[1]).mtime
  } catch {
    return undefined
  }
}
