import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster-host.ts'

/**
 * Asks for what needs no session until it is told to stop; resolves to the milliseconds of the slowest answer. On a machine that
 * has too much to do, everything is that slow.
 */
export function pulse(cluster: Cluster): () => Promise<number> {
  const visitor = cluster.visitor()
  let slowest = 0
  let isOver = false
  const beating = (async () => {
    while (!isOver) {
      const startedAt = performance.now()
      // Its worker may be the one that is killed.
      await visitor.get('/untouched').catch(() => {})
      slowest = Math.max(slowest, performance.now() - startedAt)
      await sleep(20)
    }
    return slowest
  })()
  return () => {
    isOver = true
    return beating
  }
}
