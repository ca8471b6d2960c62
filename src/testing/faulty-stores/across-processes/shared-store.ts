import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionId, Store, UserIndex } from '../../../core/store.ts'
import { type FileStore, fileStore } from '../../../stores/file/index.ts'
import { toArray } from '../faulty-store.ts'

/** The store that the mistakes are made in: the file store, which also tells of ends. */
export type Shared = Required<Store> & FileStore & { readonly users: UserIndex; readonly directory: string }

/** A store with one mistake that shows between processes, and the cases that must find it. */
export interface FaultySharedStore {
  readonly mistake: string
  readonly foundBy: readonly string[]
  open(directory: string): Store
}

export function faultyShared(
  mistake: string,
  foundBy: readonly string[],
  change: (sound: Shared) => Partial<Store>,
): FaultySharedStore {
  return {
    mistake,
    foundBy,
    open(directory) {
      const sound = sharedStore(directory)
      return { ...sound, ...change(sound) }
    },
  }
}

export function directoryOf(space: string): string {
  return join(tmpdir(), `coatcheck-shared-${space}`)
}

export function removeShared(space: string): void {
  rmSync(directoryOf(space), { recursive: true, force: true, maxRetries: 5 })
}

/** Ends are lines of one file, which those who listen look at again and again. */
export function sharedStore(directory: string): Shared {
  const store = fileStore(directory)
  const ends = join(directory, 'ends')
  const told = (): string => (existsSync(ends) ? readFileSync(ends, 'latin1') : '')
  const tell = (...ids: readonly SessionId[]): void => {
    // A mistake may come late, to a directory that is removed.
    if (ids.length > 0 && existsSync(directory)) appendFileSync(ends, `${ids.join('\n')}\n`)
  }
  return {
    ...store,
    directory,
    async delete(id, options) {
      await store.delete(id, options)
      tell(id)
    },
    users: {
      ...store.users,
      async deleteByUser(userId, options) {
        // Not by the user's list: that would finish what another process has begun, and take its count.
        const listed = (await toArray(store.list(options))).filter((record) => record.userId === userId)
        const count = await store.users.deleteByUser(userId, options)
        const left = await Promise.all(listed.map(async ({ id }) => ((await store.read(id, options)) ? id : undefined)))
        tell(...listed.map(({ id }) => id).filter((id) => !left.includes(id)))
        return count
      },
    },
    subscribe({ onEnd, onHearing }) {
      let heard = told().length
      const look = (): void => {
        const news = told().slice(heard)
        heard += news.length
        for (const id of news.split('\n')) if (id) onEnd(id as SessionId)
      }
      const timer = setInterval(look, 10)
      setImmediate(onHearing, true)
      return () => clearInterval(timer)
    },
    close() {},
  }
}
