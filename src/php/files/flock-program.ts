import { spawn } from 'node:child_process'
import { Patience } from '../patience.ts'

const inChild = 3

/**
 * Has flock(1) lock a file that is open here: it shares the open file, so the lock is ours when it has ended. False when it
 * could not. Throws where there is no such program, and when the patience is at its end; then flock(1) is gone too.
 */
export async function runFlock(
  file: number,
  options: readonly string[],
  patience: Patience = new Patience(10_000),
): Promise<boolean> {
  let isLocked = false
  await patience.wait((done) => {
    const child = spawn('flock', ['-x', ...options, String(inChild)], { stdio: ['ignore', 'ignore', 'ignore', file] })
    child.on('error', (error) => done(new Error(`flock(1) can't be run, and koffi isn't installed: ${error.message}`)))
    child.on('exit', (code) => {
      isLocked = code === 0
      done()
    })
    return () => child.kill('SIGKILL')
  })
  return isLocked
}
