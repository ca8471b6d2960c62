import { randomUUID } from 'node:crypto'
import type { Capability, StoreWith } from '../store-cases/store-case.ts'
import { Connection } from './connection.ts'
import type { About } from './messages.ts'
import { type ProcessStore, processStore } from './process-store.ts'

/** One store, opened by three processes. */
export interface OpenedByThree<Needs extends Capability = never> {
  readonly one: ProcessStore & StoreWith<Needs>
  readonly two: ProcessStore & StoreWith<Needs>
  readonly three: ProcessStore & StoreWith<Needs>
  /** One more process, which is there to be killed. */
  another(): Promise<ProcessStore & StoreWith<Needs>>
  /** Closes the store in each of them, and removes what it has left. */
  close(): Promise<void>
}

/** Processes that open the same store, for the facts of the contract that take more than one. */
export interface StoreProcesses {
  /** A store that holds nothing. */
  open(space?: string): Promise<OpenedByThree>
  /** Ends all processes. They also end when this one does. */
  close(): Promise<void>
}

/**
 * Processes that open stores by a module: its default export is given the name of a space, made up of letters, digits, `-`
 * and at most 40 characters, and returns the store that all processes which are given this name share. If the module
 * exports `remove` as well, it is called with the name once all have closed the store.
 *
 * They are started when they are first needed, with this process's own loaders and flags, and used again.
 */
export function storeProcesses(module: string | URL): StoreProcesses {
  const idle: Promise<Connection>[] = []
  const all: Promise<Connection>[] = []

  const start = (): void => {
    const starting = Connection.start(module)
    starting.catch(() => {})
    idle.push(starting)
    all.push(starting)
  }

  const take = async (): Promise<Connection> => {
    if (idle.length === 0) start()
    const connection = await idle.shift()!
    return connection.isAlive ? connection : take()
  }

  return {
    async open(space = randomUUID()) {
      // One to spare: for who asks for another.
      while (idle.length < 4) start()
      const connections = await Promise.all([take(), take(), take()])
      const join = async (connection: Connection): Promise<ProcessStore> => {
        const about = (await connection.ask({ space, name: 'about', values: [] })) as About
        return processStore(connection, space, about)
      }
      const close = async (): Promise<void> => {
        // What goes on after a case has failed must not find its store removed; who goes on for long is not used again.
        await Promise.all(connections.map(async (connection) => (await connection.hasDone(2_500)) || connection.end()))
        const alive = connections.filter(({ isAlive }) => isAlive)
        await Promise.all(alive.map((connection) => connection.ask({ space, name: 'close', values: [] })))
        await alive[0]?.ask({ space, name: 'remove', values: [] })
        idle.unshift(...alive.map((connection) => Promise.resolve(connection)))
      }
      try {
        // One after the other: the first may have to make what the others find.
        const one = await join(connections[0])
        const [two, three] = await Promise.all([join(connections[1]), join(connections[2])])
        const another = async (): Promise<ProcessStore> => {
          const connection = await take()
          connections.push(connection)
          start()
          return join(connection)
        }
        return { one, two, three, another, close }
      } catch (error) {
        await close().catch(() => {})
        throw error
      }
    },

    async close() {
      for (const starting of all) await starting.then((connection) => connection.end()).catch(() => {})
    },
  }
}
