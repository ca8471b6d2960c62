/** Plain data of about this many bytes as JSON: what sessions hold, short strings and a few numbers. */
export function payload(bytes: number): { cart: { sku: string; name: string; count: number }[] } {
  const item = (index: number) => ({
    sku: `sku-${10_000 + index}`,
    name: `A hat, number ${10_000 + index}`,
    count: 1 + (index % 9),
  })
  const size = JSON.stringify(item(0)).length + 1
  return { cart: Array.from({ length: Math.max(1, Math.round(bytes / size)) }, (_, index) => item(index)) }
}
