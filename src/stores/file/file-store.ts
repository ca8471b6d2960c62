import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { newToken } from '../shared/process-identity.ts'
import { errorCode, nodeFileSystem } from './file-system.ts'
import { workerStore } from './in-worker/worker-store.ts'
import { layoutOf, pathOf } from './layout.ts'
import { makeSafeDirectories } from './safe-directory.ts'
import { type FileStore, storeIn } from './store-in.ts'

/** What `fileStore` may be told. */
export interface FileStoreOptions {
  /**
   * True: what was acknowledged survives a power loss, for one or two waits for the disk per write. False, the default: it
   * survives the death of any process, kill -9 included, but a power loss or a crash of the system may take back the last
   * seconds, and so bring back sessions that were ended in them.
   */
  readonly fsync?: boolean
  /** Larger files are not read, and larger records refused. Default 16 MiB. */
  readonly maxFileBytes?: number
  /**
   * Where the store waits for the disk. `'caller'`, the default: on the thread that calls, which is cheapest while the disk
   * answers from memory, as a local one does. `'worker'`: on a thread of its own, for a disk that may be slow (over the network,
   * throttled, asleep): a wait then holds up those who wait for it, and no other visitor of the process. Such a store keeps a
   * thread until `close()`, though not the process.
   */
  readonly thread?: 'caller' | 'worker'
}

/**
 * Sessions in a directory: one readable file each, which several processes of a machine may share.
 *
 * The directory is made, 0700, if it isn't there. Throws when others could write to it, and when this process can't. Only for
 * file systems of this machine: over NFS a process may be shown an old record for seconds.
 *
 * @example
 * const sessions = new Sessions({ store: fileStore('./sessions') })
 */
export function fileStore(directory: string, options: FileStoreOptions = {}): FileStore {
  const { fsync = false, maxFileBytes = 16 * 1024 * 1024, thread = 'caller' } = options
  if (!(maxFileBytes > 0)) throw new TypeError(`maxFileBytes must be positive, got ${maxFileBytes}`)
  if (thread !== 'caller' && thread !== 'worker') {
    throw new TypeError(`thread must be 'caller' or 'worker', got ${String(thread)}`)
  }
  const layout = layoutOf(resolve(directory))
  makeSafeDirectories(layout)
  if (thread === 'worker') {
    return { ...workerStore(layout.root, { fsync, maxFileBytes }), pathOf: (id) => pathOf(layout, id) }
  }
  const settle = fsync ? bringToDisk : undefined
  return storeIn({ fs: nodeFileSystem, layout, preparation: layout.preparation, newToken, maxFileBytes, settle })
}

async function bringToDisk(...paths: string[]): Promise<void> {
  for (const path of new Set(paths)) {
    try {
      const file = await open(path, 'r')
      await file.sync().finally(() => file.close())
    } catch (error) {
      // A directory that someone else has emptied and removed since: what was to be kept in it is gone on purpose.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
}
