import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pgbouncer, postgres } from '../needs.ts'

const starting = `
  import { startPgbouncer } from './test/servers/pgbouncer.ts'
  import { startPostgres } from './test/servers/postgres.ts'
  const server = await startPostgres()
  const pooler = await startPgbouncer(server)
  const pids = [...server.pids, ...pooler.pids]
  if (process.argv.includes('paused')) server.pause()
  console.log(JSON.stringify(pids))
  if (!process.argv.includes('ending')) await new Promise((resolve) => setTimeout(resolve, 60_000))
  process.exit()
`

describe('a server of a test’s own', { skip: postgres().skip ?? pgbouncer().skip ?? false, concurrency: true }, () => {
  for (const how of ['ending', 'killed', 'killed paused']) {
    it(`ends with the process that started it: ${how}`, async () => {
      const child = spawn(
        process.execPath,
        ['--import=tsx', '--input-type=module', '-e', starting, '--', ...how.split(' ')],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      const ended = once(child, 'exit')
      const [text] = await once(child.stdout, 'data')
      const pids: number[] = JSON.parse(String(text))
      assert.ok(pids.length > 3)
      if (how !== 'ending') child.kill('SIGKILL')
      await ended
      for (const late = Date.now() + 10_000; pids.some(isRunning); await sleep(20)) {
        assert.ok(Date.now() < late, `still running: ${pids.filter(isRunning)}`)
      }
    })
  }
})

/** What has ended and was not yet reaped by the system's first process has no memory, and no command line. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !existsSync('/proc/self') || existsSync(`/proc/${pid}/exe`)
}
