import { trim } from '../../testing/set-cookie.ts'

/** What is wrong with one Set-Cookie line. */
export interface Deviation {
  readonly code: DeviationCode
  /** A sentence that quotes what was seen, but never a cookie's value. */
  readonly message: string
}

export type DeviationCode =
  /** No `=`, or nothing before it. */
  | 'no-name'
  /** A name that is no token of RFC 9110 §5.6.2. */
  | 'name'
  /** A value with other octets than cookie-octet. */
  | 'value'
  /** Blanks that RFC 9110 §5.6.3 calls bad: before `;`, around `=`, at the ends. */
  | 'bad-blank'
  /** An attribute with control characters or bytes above 0x7E. */
  | 'octet'
  /** Expires that is no IMF-fixdate (RFC 9110 §5.6.7). */
  | 'expires'
  /** Max-Age that does not begin with 1-9. Browsers read `0` and `-1` as "delete", but the grammar has neither. */
  | 'max-age'
  /** Domain that is no host name; a leading dot too. */
  | 'domain'
  /** SameSite that is none of Strict, Lax, None. */
  | 'same-site'
  /** `Secure` or `HttpOnly` with a value. */
  | 'flag-value'
  /** An attribute given twice (§4.1.1: SHOULD NOT). */
  | 'duplicate-attribute'
  /** A name and value of more than 4096 octets, or an attribute's value of more than 1024: browsers ignore it (§5.6). */
  | 'too-long'
  /** Two lines of one response with the same cookie name (§4.1.1: SHOULD NOT). */
  | 'same-name-twice'
  /** Something that looks like two cookies folded into one line by a comma (§3). */
  | 'folded'

/** A Set-Cookie line, taken apart by the grammar for servers, with everything in it that the grammar does not have. */
export interface StrictSetCookie {
  readonly name: string
  readonly value: string
  /** In order; the names as they were written. Undefined: there was no `=`. */
  readonly attributes: readonly (readonly [name: string, value: string | undefined])[]
  readonly deviations: readonly Deviation[]
}

/**
 * Reads a Set-Cookie value as RFC 6265bis §4.1.1 lets servers write it. That is stricter than what browsers take (§5.6,
 * `cookieJar`): it never fails, and reports every deviation. `line` has one character per byte.
 */
export function readStrictly(line: string): StrictSetCookie {
  const deviations: Deviation[] = []
  const report = (code: DeviationCode, message: string): void => void deviations.push({ code, message })
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = trim(equals === -1 ? '' : pair.slice(0, equals))
  const value = trim(pair.slice(equals + 1))

  if (name === '') report('no-name', 'the cookie has no name')
  else if (!token.test(name)) report('name', `the name ${quoted(name)} is no token`)
  if (!cookieValue.test(value)) {
    // Two cookies in one line are one mistake, not two.
    const isFolded = /,[ \t]*[!#-+\--:<-[\]-~]+=/.test(line)
    if (isFolded) report('folded', 'a comma is followed by what looks like another cookie')
    else report('value', `the value has ${strangers(value, /[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g)} in it`)
  }
  if (hasBadBlanks(pair)) report('bad-blank', 'there are blanks around the name or the value')
  if (name.length + value.length > 4096) {
    report('too-long', `name and value have ${name.length + value.length} octets, more than 4096`)
  }

  const attributes = rest.map((text, index) => {
    const [attribute, attributeValue] = halves(text)
    // OWS after `;` is fine; a blank before the next `;`, at the end or around `=` is not.
    if (hasBadBlanks(text.replace(/^[ \t]+/, ''))) {
      report('bad-blank', `there are blanks within or after the attribute ${quoted(trim(text))}`)
    }
    for (const [code, message] of faultsOf(attribute, attributeValue, text)) report(code, message)
    const isRepeated = rest.slice(0, index).some((other) => isSame(halves(other)[0], attribute))
    if (attribute !== '' && isRepeated) report('duplicate-attribute', `${attribute} is given twice`)
    return [attribute, attributeValue] as const
  })
  return { name, value, attributes, deviations }
}

/** The deviations of all Set-Cookie lines of one response, each with the name of its cookie. */
export function deviationsOf(setCookies: readonly string[]): (Deviation & { readonly cookie: string })[] {
  const cookies = setCookies.map(readStrictly)
  return cookies.flatMap(({ name, deviations }, index) => {
    const isRepeated = cookies.slice(0, index).some((other) => other.name === name)
    const twice: Deviation = { code: 'same-name-twice', message: `the response sets ${quoted(name)} twice` }
    return [...deviations, ...(isRepeated ? [twice] : [])].map((deviation) => ({ ...deviation, cookie: name }))
  })
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const cookieValue = /^(?:[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*|"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")$/
/** RFC 1034 §3.5 with RFC 1123 §2.1: a label may begin with a digit. */
const subdomain = /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i

function* faultsOf(name: string, value: string | undefined, text: string): Iterable<[DeviationCode, string]> {
  if (!/^[\x20-\x3a\x3c-\x7e\t]*$/.test(text)) {
    yield ['octet', `the attribute ${quoted(name)} has ${strangers(text, /[\x20-\x7e\t]/g)} in it`]
  }
  const given = value ?? ''
  if (given.length > 1024) yield ['too-long', `${name} has ${given.length} octets, more than 1024`]
  switch (name.toLowerCase()) {
    case 'expires':
      if (Number.isNaN(Date.parse(given)) || new Date(given).toUTCString() !== given)
        yield ['expires', `Expires=${given} is no IMF-fixdate`]
      break
    case 'max-age':
      if (!/^[1-9]\d*$/.test(given)) yield ['max-age', `Max-Age=${given} is no positive number`]
      break
    case 'domain':
      if (!subdomain.test(given)) yield ['domain', `Domain=${given} is no host name`]
      break
    case 'samesite':
      if (!/^(strict|lax|none)$/i.test(given)) yield ['same-site', `SameSite=${given} is none of Strict, Lax, None`]
      break
    case 'secure':
    case 'httponly':
      if (value !== undefined) yield ['flag-value', `${name} has a value`]
  }
}

function halves(text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf('=')
  return equals === -1 ? [trim(text), undefined] : [trim(text.slice(0, equals)), trim(text.slice(equals + 1))]
}

function hasBadBlanks(text: string): boolean {
  return text !== trim(text) || /^[^=]*[ \t]=|^[^=]*=[ \t]/.test(text)
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** The characters that don't belong, as code points: a value is not shown. */
function strangers(text: string, allowed: RegExp): string {
  const found = new Set(text.replace(allowed, ''))
  return [...found].map((character) => `0x${character.charCodeAt(0).toString(16).padStart(2, '0')}`).join(', ')
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
