/** What people put into sessions, each made anew. PHP's counterparts are in subjects/php.php. */
export const samples: Readonly<Record<string, () => unknown>> = {
  Date: () => new Date(86_400_000),
  Map: () => new Map([['hat', 2]]),
  Set: () => new Set(['hat']),
  Uint8Array: () => Uint8Array.of(0, 255, 10),
  undefined: () => ({ present: undefined }),
  NaN: () => [Number.NaN, Number.POSITIVE_INFINITY],
  BigInt: () => 2n ** 70n,
  cycle: () => {
    const ring: { self?: unknown } = {}
    ring.self = ring
    return ring
  },
}
