import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'

/**
 * A name that no one else ever uses, and that says who made it: `<host>-<pid>-<start>-<random><count>`.
 * Host is a machine since its last start, seen from one pid namespace: only there does a pid mean anything.
 */
export type Token = string & { readonly [token]: never }
declare const token: unique symbol

let count = 0

export function newToken(): Token {
  count += 1
  return `${prefix}${count.toString(36)}` as Token
}

/** True only if the process that made this name has provably ended. False also for "can't know": another host, another container. */
export function hasEnded(token: string): boolean {
  const [tokenHost, pid, start] = token.split('-')
  if (tokenHost !== host || pid === undefined || !/^[1-9]\d*$/.test(pid)) return false
  if (Number(pid) === process.pid) return start !== ownStart
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
  }
  const status = processStatus(pid)
  return status !== undefined && (status.start !== start || status.isZombie)
}

// proc(5), /proc/pid/stat: field 3 is the state, field 22 the start time in ticks since boot. Field 2, in parentheses, may
// itself hold spaces and parentheses.
function processStatus(pid: string): { start: string; isZombie: boolean } | undefined {
  const stat = contentOf(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields?.[0], fields?.[19]]
  return state && start ? { start, isZombie: state === 'Z' || state === 'X' } : undefined
}

function contentOf(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function pidNamespace(): string {
  try {
    return fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

const host = createHash('sha256')
  .update(`${hostname()}\n${contentOf('/proc/sys/kernel/random/boot_id') ?? ''}\n${pidNamespace()}`)
  .digest('hex')
  .slice(0, 12)
const ownStart = processStatus(String(process.pid))?.start ?? '0'
const prefix = `${host}-${process.pid}-${ownStart}-${randomBytes(8).toString('hex')}`
