/** As much of PHP's format as these tests store. */
export type Values = Readonly<Record<string, number | string>>

export function decode(bytes: Uint8Array): Values {
  const values = Buffer.from(bytes)
    .toString('latin1')
    .matchAll(/(\w+)\|(?:i:(\d+)|s:\d+:"([^"]*)");/g)
  return Object.fromEntries(
    [...values].map(([, name = '', number, text = '']) => [name, number ? Number(number) : text]),
  )
}

export function encode(values: Values): Uint8Array {
  const written = Object.entries(values).map(([name, value]) =>
    typeof value === 'number' ? `${name}|i:${value};` : `${name}|s:${value.length}:"${value}";`,
  )
  return Buffer.from(written.join(''), 'latin1')
}
