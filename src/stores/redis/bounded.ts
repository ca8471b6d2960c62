import { setTimeout as sleep } from 'node:timers/promises'
import type { Argument, Connection, Reply } from './connection.ts'

/** Callers have a deadline of their own, of 2 seconds unless they say otherwise. */
const patienceMs = 2_000

/** Between two tries of a command whose keys a cluster is moving. */
const movingMs = 25

/** Commands that a frozen server has not answered stay in the client's memory, whoever has stopped waiting for them. */
const maxUnanswered = 10_000

export interface BoundedConnection extends Connection {
  /** A number that stays as long as the client can't have sent a command twice. */
  losses(): number
  onConnected(listener: () => void): void
  close(): void
}

/**
 * The same connection, but nothing is left with a client that is not connected: it would be sent when it is again, long after
 * the caller has given up. And only so many commands may wait for an answer.
 */
export function bounded(connection: Connection): BoundedConnection {
  const listeners = new Set<() => void>()
  let losses = 0
  let unanswered = 0
  const heard = (): void => {
    for (const listener of [...listeners]) listener()
  }
  const stop = connection.watch({
    connected: heard,
    lost() {
      losses++
    },
  })

  const ready = (): Promise<void> | undefined => {
    if (connection.isReady()) return undefined
    return new Promise((resolve, reject) => {
      const go = (): void => {
        if (!connection.isReady()) return
        clearTimeout(timer)
        listeners.delete(go)
        resolve()
      }
      const timer = setTimeout(() => {
        listeners.delete(go)
        reject(new Error('the Redis client is not connected'))
      }, patienceMs)
      listeners.add(go)
    })
  }

  /** While a cluster moves a slot, a record may lie on one node and its queue on the other: then nothing is done, and TRYAGAIN said. */
  const sendWhole = async (key: string, command: readonly [string, ...Argument[]]): Promise<Reply> => {
    for (let waited = 0; ; waited += movingMs) {
      try {
        return await connection.send(key, ...command)
      } catch (error) {
        const isMoving = String((error as Error | undefined)?.message).startsWith('TRYAGAIN')
        if (!isMoving || waited >= patienceMs) throw error
        await sleep(movingMs)
      }
    }
  }

  return {
    ...connection,
    async send(key, ...command) {
      if (unanswered >= maxUnanswered) throw new Error(`Redis has left ${unanswered} commands without an answer`)
      unanswered++
      try {
        await ready()
        return await sendWhole(key, command)
      } catch (error) {
        // It has become a replica. As after a connection to another server, it must be seen what that is.
        if (String((error as Error | undefined)?.message).includes('READONLY')) heard()
        throw error
      } finally {
        unanswered--
      }
    },
    onConnected(listener) {
      listeners.add(listener)
    },
    async masters() {
      await ready()
      const masters = await connection.masters()
      // Before a cluster's client is connected it knows of none.
      if (masters.length === 0) throw new Error('no master of the Redis cluster is known')
      return masters
    },
    losses: () => (connection.isResending ? losses : 0),
    close: stop,
  }
}
