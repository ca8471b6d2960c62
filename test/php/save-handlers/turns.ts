import { setTimeout as sleep } from 'node:timers/promises'
import type { SaveHandler } from 'coatcheck/php'
import { decode, encode } from './session-text.ts'

/** One after the other: each adds one, and keeps the lock for so many milliseconds. */
export async function add(handler: SaveHandler, id: string, times: number, holdMs: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const session = await handler.open(id)
    const { n = 0, ...others } = decode(session.bytes)
    if (holdMs > 0) await sleep(holdMs)
    await session.write(encode({ ...others, n: Number(n) + 1 }))
    await session.close()
  }
}

/** So many at once, each of which appends an N. */
export async function crowd(handler: SaveHandler, id: string, size: number, holdMs: number): Promise<void> {
  await Promise.all(
    Array.from({ length: size }, async () => {
      const session = await handler.open(id)
      const { order = '', ...others } = decode(session.bytes)
      await sleep(holdMs)
      await session.write(encode({ ...others, order: `${order}N` }))
      await session.close()
    }),
  )
}
