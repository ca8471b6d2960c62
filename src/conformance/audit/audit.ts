import { ExchangeError } from '../http/connection.ts'
import { type Check, findingOf, NotAskable, type Seen } from './check.ts'
import { checks } from './checks/checks.ts'
import { explore } from './explore.ts'
import type { AuditRequest } from './options.ts'
import { AuditError, type AuditReport, type Finding, type Severity, type Skipped } from './report.ts'
import type { Site } from './site.ts'

/**
 * Looks at the sessions of a running site from outside, knowing nothing of it but a login. It logs in some fifteen times and
 * out some five times, with the account it is given: audit what is yours, and not with an account that matters.
 *
 * Rejects with an `AuditError` when it can't be run: nobody answers, the login does not work.
 *
 * @example
 * const report = await audit({
 *   url: 'https://localhost:3000', login: '/login', fields: { username: 'admin', password: 'secret' }, logout: '/logout',
 * })
 * for (const { severity, title, seen } of report.findings) console.log(severity, title, seen)
 */
export async function audit(request: AuditRequest): Promise<AuditReport> {
  const site = await explore(request)
  try {
    return await reportOn(site)
  } finally {
    site.close()
  }
}

async function reportOn(site: Site): Promise<AuditReport> {
  const findings: Finding[] = []
  const skipped: Skipped[] = []
  const passed: string[] = []
  for (const check of checks) {
    try {
      const seen = await look(check, site)
      if (seen) findings.push(findingOf(check, seen))
      else passed.push(check.id)
    } catch (error) {
      if (!(error instanceof NotAskable)) throw error
      skipped.push({ id: check.id, reason: error.message })
    }
  }
  return {
    url: site.options.url,
    sessionCookies: site.cookieNames,
    findings: findings.sort((one, other) => order[one.severity] - order[other.severity]),
    passed,
    skipped,
    requests: site.exchanges.length,
  }
}

const order: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 }

async function look(check: Check, site: Site): Promise<Seen | undefined> {
  try {
    return await check.look(site)
  } catch (error) {
    // The site answered before: that it does not now is no weakness of sessions, and no reason to forget what was seen.
    if (error instanceof ExchangeError || error instanceof AuditError) throw new NotAskable(error.message)
    throw error
  }
}
