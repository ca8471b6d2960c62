/** Does it that often, so many at a time. Rejects with the first failure, after those under way. */
export async function inParallel(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, count) }, worker))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
