import type { Patience } from '../patience.ts'
import { runFlock } from './flock-program.ts'
import { posixSpawn } from './posix-spawn.ts'

/**
 * flock(2), which PHP locks session files with. Such a lock belongs to the open file, whoever of those that share it took it:
 * it ends when that is closed, however the process ends.
 */
export interface Flock {
  /** Takes the lock if that can be told at once: false says that it is taken, undefined that one has to `wait` to know. */
  tryNow(file: number): boolean | undefined
  /** Takes the lock if it is free. */
  tryLock(file: number): Promise<boolean>
  /** Stands in the kernel's line for the lock. When it throws, close the file: the lock may have been taken in that very moment. */
  wait(file: number, patience: Patience): Promise<void>
}

const exclusive = 2
const withoutWaiting = 4

let loaded: Promise<Flock> | undefined

/** With the optional peer `koffi` a lock that is free costs a system call; without it each lock costs a run of flock(1). */
export function loadFlock(): Promise<Flock> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Flock> {
  try {
    return bySystemCall(await import('koffi'))
  } catch {
    // It isn't installed, or not for this system.
    return byProgram
  }
}

const byProgram: Flock = {
  tryNow: () => undefined,
  tryLock: (file) => runFlock(file, ['-n']),
  wait: async (file, patience) => {
    while (!(await runFlock(file, [], patience))) await patience.sleep(5)
  },
}

function bySystemCall({ load, os, errno }: typeof import('koffi')): Flock {
  const library = load(null)
  const flock = library.func('int flock(int file, int operation)')
  const spawn = posixSpawn(library)

  const tryNow = (file: number): boolean => {
    for (;;) {
      if (flock(file, exclusive | withoutWaiting) === 0) return true
      const reason = errno()
      if (reason === os.errno.EWOULDBLOCK || reason === os.errno.EAGAIN) return false
      if (reason !== os.errno.EINTR) throw new Error(`flock(2) failed: error ${reason}`)
    }
  }
  return {
    tryNow,
    tryLock: async (file) => tryNow(file),
    async wait(file, patience) {
      // A blocking call here would stop this thread, on libuv's pool those of everybody's files (and the one who has to release
      // the lock is among them), and nobody could call it off. So another process stands in line.
      for (;;) {
        await patience.wait((done) => spawn('flock', ['-x', String(file)], file, done))
        // True as well where the lock is ours already. False where there is no flock(1), as on macOS: then we ask again and again.
        if (tryNow(file)) return
        await patience.sleep(1 + Math.random() * 4)
      }
    },
  }
}
