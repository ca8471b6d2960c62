import { isInt64 } from './keys.ts'

const [largest, smallest] = [2n ** 63n - 1n, -(2n ** 63n)]

/** Digits as PHP's `unserialize` reads them: beyond 64 bits it takes the largest or smallest integer. */
export function parseInteger(text: string): number | bigint {
  const digits = text.replace(/^\+|(?<=^[+-]?)0+(?=\d)/g, '').replace(/^-?$/, '0')
  const value = digits.length > 20 ? (digits.startsWith('-') ? smallest : largest) : BigInt(digits)
  return asNumberIfSafe(value > largest ? largest : value < smallest ? smallest : value)
}

/** Lengths and slots are counted in 64 bits without a sign, of which 10^64 is a multiple. */
export function parseCount(digits: string): number {
  return Number(digits.length < 16 ? digits : BigInt.asUintN(64, BigInt(digits.slice(-64))))
}

export function asNumberIfSafe(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Whether PHP's integers have room for it: `5`, not `5.5` and not -0, which only a float can be. */
export function isPhpInteger(value: number | bigint): boolean {
  if (typeof value === 'bigint') return isInt64(value)
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

/**
 * A float as PHP writes it with its default `serialize_precision = -1`: the shortest digits that come back as the same
 * number, with an exponent below 10^-4 and from 10^17 on: `0.1`, `1.0E+25`, `-0`, `INF`.
 */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NAN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (Number.isFinite(value) === false) return `${sign}INF`
  const [mantissa = '', power = ''] = Math.abs(value).toExponential().split('e')
  const exponent = Number(power)
  const digits = mantissa.replace('.', '')
  if (exponent < -4 || exponent >= 17) {
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return sign + whole + (fraction && `.${fraction}`)
}
