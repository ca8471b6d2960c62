import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Something of the machine that a test can't do without: `it('…', { skip: chromium().skip }, …)`. */
export interface Need {
  /** Where it is; empty when absent. */
  readonly path: string
  /** Why the test is skipped. Not there when the need is met. */
  readonly skip?: string
}

/** A real browser. `CHROMIUM_PATH` names another one. */
export function chromium(): Need {
  return program('Chromium', 'CHROMIUM_PATH', ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])
}

export function redisServer(): Need {
  return program('redis-server', 'REDIS_SERVER_PATH', ['redis-server'])
}

/** The server's own program; `initdb` and the rest lie beside it. Debian keeps them off the PATH. */
export function postgres(): Need {
  const versions = readFolder('/usr/lib/postgresql').sort((one, other) => Number(other) - Number(one))
  const folders = versions.map((version) => `/usr/lib/postgresql/${version}/bin`)
  return program('PostgreSQL', 'POSTGRES_PATH', ['postgres'], folders)
}

/** PHP's own program for the command line, which has a web server in it. */
export function php(): Need {
  return program('PHP', 'PHP_PATH', ['php'])
}

export function pgbouncer(): Need {
  return program('pgbouncer', 'PGBOUNCER_PATH', ['pgbouncer'], ['/usr/sbin'])
}

/** Absent, it is a reason to skip; where `CI` is set, nothing may be absent, so it throws. */
function program(title: string, variable: string, names: readonly string[], more: readonly string[] = []): Need {
  const named = process.env[variable]
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', ...more]
  const candidates = named ? [named] : names.flatMap((name) => folders.map((folder) => join(folder, name)))
  const path = candidates.find(isExecutable)
  if (path) return { path }
  const reason = named
    ? `${variable} names ${named}, which is no program`
    : `${title} is not installed (scripts/install-test-services installs it; ${variable} names another)`
  if (process.env.CI && process.env.CI !== 'false')
    throw new Error(`${reason}, and with CI set no test is skipped for that`)
  return { path: '', skip: reason }
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
