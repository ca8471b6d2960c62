import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'

/**
 * A name that no one else ever uses, and that says who made it: `<host>-<pid>-<start>-<random><count>`.
 * Host is a machine since its last start, seen from one pid namespace: only there does a pid mean anything.
 *
 * On Linux threads have ids and start times as processes do, from the same numbers, and "pid" is the thread's own (a process's
 * first thread has that of the process). So a worker thread that died in a living process is found out at once, by anyone.
 * Elsewhere it looks alive as long as its process does: what it held is free when the lease is over.
 */
export type Token = string & { readonly [token]: never }
declare const token: unique symbol

let count = 0

export function newToken(): Token {
  count += 1
  return `${prefix}${count.toString(36)}` as Token
}

/** True only if whoever made this name has provably ended. False also for "can't know": another host, another container. */
export function hasEnded(token: string): boolean {
  const [tokenHost, pid, start] = token.split('-')
  if (tokenHost !== host || pid === undefined || !/^[1-9]\d*$/.test(pid)) return false
  if (pid === ownPid) return start !== ownStart
  if (isUnknown(pid)) return true
  const status = processStatus(pid)
  return status !== undefined && (status.start !== start || status.isZombie)
}

function isUnknown(pid: string): boolean {
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

// proc(5), /proc/pid/stat: field 3 is the state, field 22 the start time in ticks since boot. Field 2, in parentheses, may
// itself hold spaces and parentheses.
function processStatus(pid: string): { start: string; isZombie: boolean } | undefined {
  const stat = contentOf(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields?.[0], fields?.[19]]
  return state && start ? { start, isZombie: state === 'Z' || state === 'X' } : undefined
}

// proc(5): /proc/thread-self links to <pid>/task/<tid>. It may speak of another pid namespace, where these ids mean nothing,
// and a system that imitates Linux need not know threads by their ids elsewhere.
function pidOfThread(): string {
  const [pid, , tid] = targetOf('/proc/thread-self').split('/')
  return pid === String(process.pid) && tid && !isUnknown(tid) ? tid : String(process.pid)
}

function contentOf(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function targetOf(link: string): string {
  try {
    return fs.readlinkSync(link)
  } catch {
    return ''
  }
}

const host = createHash('sha256')
  .update(`${hostname()}\n${contentOf('/proc/sys/kernel/random/boot_id') ?? ''}\n${targetOf('/proc/self/ns/pid')}`)
  .digest('hex')
  .slice(0, 12)
const ownPid = pidOfThread()
const ownStart = processStatus(ownPid)?.start ?? '0'
const prefix = `${host}-${ownPid}-${ownStart}-${randomBytes(8).toString('hex')}`
