import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'

export { pause }

/** How long a case waits for what must come. */
const patience = 3_000

/** The value, or a failure when it does not come: a test that hangs names no fact. */
export async function inTime<T>(what: string, promise: T | Promise<T>): Promise<Awaited<T>> {
  const timer = new AbortController()
  try {
    const late = pause(patience, undefined, { signal: timer.signal }).then(() =>
      assert.fail(`${what}: not in ${patience} ms`),
    )
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
  }
}

/** Fails when the promise settles, within so many milliseconds. */
export async function assertWaits(what: string, promise: Promise<unknown>, milliseconds = 25): Promise<void> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  assert.equal(await Promise.race([settled, pause(milliseconds, false)]), false, what)
}

/** For promises that a case awaits later: once it has failed, what becomes of them is no news. */
export function heeded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Resolves once the claim holds; fails when it does not within so many milliseconds. */
export async function until(what: string, claim: () => boolean, milliseconds: number = patience): Promise<void> {
  const deadline = performance.now() + milliseconds
  while (!claim()) {
    assert.ok(performance.now() < deadline, `${what}: not in ${milliseconds} ms`)
    await pause(2)
  }
}
