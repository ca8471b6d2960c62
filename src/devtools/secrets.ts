/** Names of keys whose values are shown to nobody, besides those that `words` of an option add. */
const whole = new Set(
  'pass pwd passphrase passcode key keys apikey auth otp totp pin cookie cookies csrf xsrf jwt bearer private salt cvv cvc iban ssn seed mnemonic credential credentials sid'.split(
    ' ',
  ),
)
const within = /passw|secret|token|credential|authori[sz]ation|apikey|privatekey/

/** Which keys of a session's data look as if a secret were under them. */
export interface Secrets {
  isSecret(key: string): boolean
  /** Whether such a key may be in this text, whatever notation it is in. Says yes rather than no. */
  mayHide(text: string): boolean
}

/** `redact`: more of such names, compared without regard to case; a pattern is tried on the whole key. */
export function secretsBesides(redact: readonly (string | RegExp)[] = []): Secrets {
  const names = new Set(redact.filter((each) => typeof each === 'string').map((name) => name.toLowerCase()))
  const patterns = redact
    .filter((each) => typeof each !== 'string')
    .map(({ source, flags }) => new RegExp(source, flags.replace(/[gy]/g, '')))
  const isSecret = (key: string): boolean => {
    const plain = key.toLowerCase()
    return (
      names.has(plain) ||
      within.test(plain.replaceAll(/[^a-z]/g, '')) ||
      wordsOf(key).some((word) => whole.has(word) || names.has(word)) ||
      patterns.some((pattern) => pattern.test(key))
    )
  }
  return {
    isSecret,
    mayHide: (text) =>
      (text.match(/[\p{L}\p{N}_$-]+/gu) ?? []).some(isSecret) || patterns.some((each) => each.test(text)),
  }
}

/** `apiKey`, `api_key` and `API-KEY` are two words each. */
function wordsOf(key: string): string[] {
  return key
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
}

export const mask = '••••'

/** A copy in which what is under such a key, at any depth, is a mask. Cycles stay cycles; what has a class of its own stays as it is. */
export function masked(value: unknown, secrets: Secrets, seen: Map<object, unknown> = new Map()): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = seen.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    seen.set(value, copy)
    for (const each of value) copy.push(masked(each, secrets, seen))
    return copy
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>()
    seen.set(value, copy)
    for (const each of value) copy.add(masked(each, secrets, seen))
    return copy
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>()
    seen.set(value, copy)
    for (const [key, each] of value) {
      const isHidden = typeof key === 'string' && secrets.isSecret(key)
      copy.set(masked(key, secrets, seen), isHidden ? mask : masked(each, secrets, seen))
    }
    return copy
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') return value
  const copy: Record<string, unknown> = {}
  seen.set(value, copy)
  for (const [key, each] of Object.entries(value))
    copy[key] = secrets.isSecret(key) ? mask : masked(each, secrets, seen)
  return copy
}
