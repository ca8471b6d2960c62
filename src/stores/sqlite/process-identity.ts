import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

let count = 0

/**
 * A name that no one else ever uses, and that says which process made it: `<host>-<pid>-<start>-<random><count>`.
 * Host is a machine since its last start, seen from one pid namespace: only there does a pid mean anything.
 */
export function newOwner(): string {
  count += 1
  return `${prefix}${count.toString(36)}`
}

/** True only if the process that made this name has provably ended. False also for "can't know": another container. */
export function hasEnded(owner: string): boolean {
  const [ownerHost, pid, start] = owner.split('-')
  if (ownerHost !== host || pid === undefined || !/^[1-9]\d*$/.test(pid)) return false
  if (Number(pid) === process.pid) return start !== ownStart
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  const status = statusOf(pid)
  return status !== undefined && (status.start !== start || status.isZombie)
}

// proc(5), /proc/pid/stat: field 3 is the state, field 22 the start time in ticks since boot. Field 2, in parentheses,
// may itself hold spaces and parentheses.
function statusOf(pid: string): { start: string; isZombie: boolean } | undefined {
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state && start ? { start, isZombie: state === 'Z' || state === 'X' } : undefined
}

/** Empty where there is no such file, as on systems without /proc. */
function readOr(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

const start = readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))
const namespace = readOr(() => readlinkSync('/proc/self/ns/pid'))
const host = createHash('sha256').update(`${hostname()}\n${start}\n${namespace}`).digest('hex').slice(0, 12)
const ownStart = statusOf(String(process.pid))?.start ?? '0'
const prefix = `${host}-${process.pid}-${ownStart}-${randomBytes(8).toString('hex')}`
