// npm run compare: the same small application on each library, asked the same questions over HTTP. See bench/README.md.
import { writeFileSync } from 'node:fs'
import { postgres } from '../../test/needs.ts'
import { startPostgres } from '../../test/servers/postgres.ts'
import { type Subject, subjects } from '../subjects/subjects.ts'
import { markdown } from './markdown.ts'
import { isInstalled, startRedis } from './redis-server.ts'
import { type Cell, type Column, none, type Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { Site } from './site.ts'
import { printTable } from './table.ts'
import { versionsOf } from './versions.ts'

const words = process.argv.slice(3).filter((word) => !word.startsWith('--'))
const chosen = subjects.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word)))
const isComplete = chosen.length === subjects.length
const startedAt = performance.now()
const redisPort = chosen.some(({ needs }) => needs === 'redis-server') ? await startRedis() : undefined
const needsPostgres = chosen.some(({ needs }) => needs === 'postgres') && !postgres().skip
const postgresServer = needsPostgres ? await startPostgres() : undefined
const sites = new Set<Site>()

// However it ends, also by Ctrl-C, nothing of it is left running or lying about.
process.on('exit', () => {
  for (const site of sites) site.close()
})
process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143))

const queue = [...chosen]
const columns = new Map<Subject, Column>()
const work = async (): Promise<void> => {
  for (let subject = queue.shift(); subject; subject = queue.shift()) columns.set(subject, await columnOf(subject))
}
// The scenarios wait more than they work, so a few subjects at a time do not disturb each other.
await Promise.all(Array.from({ length: 6 }, work))
const rows = scenarios.flatMap((scenario) => scenario.rows)
const table = chosen.map((subject) => columns.get(subject)!)
printTable(rows, table)
const missing = chosen.filter((subject) => reasonToSkip(subject))
if (!isComplete || missing.length > 0) console.error('docs/compare.md stays as it is: not every column was run.')
else writeFileSync('docs/compare.md', markdown(rows, table, versionsOf))
console.error(`${Math.round((performance.now() - startedAt) / 1000)} s`)
process.exit()

async function columnOf(subject: Subject): Promise<Column> {
  const reason = reasonToSkip(subject)
  if (reason) return { subject, cells: scenarios.flatMap(({ rows }) => rows.map(() => none(reason))) }
  const redisUrl = `redis://127.0.0.1:${redisPort}/${subjects.indexOf(subject)}`
  const site = new Site(subject, redisUrl, postgresServer?.connectionString ?? '')
  sites.add(site)
  try {
    await site.start()
    const cells: Cell[] = []
    for (const scenario of scenarios) cells.push(...(await cellsOf(site, scenario)))
    return { subject, cells }
  } finally {
    site.close()
    sites.delete(site)
  }
}

async function cellsOf(site: Site, scenario: Scenario): Promise<readonly Cell[]> {
  try {
    return await scenario.run(site)
  } catch (error) {
    console.error(`${site.subject.title}: ${scenario.rows[0]}:`, error)
    return scenario.rows.map(() => ({ text: 'the scenario failed', verdict: 'bad' }))
  } finally {
    if (scenario.wrecks || !site.isAlive) {
      await site.stop()
      await site.start()
    } else await site.breakStore()
  }
}

function reasonToSkip({ needs }: Subject): string | undefined {
  if (needs === 'php' && !isInstalled('php')) return 'no php here'
  if (needs === 'postgres' && !postgresServer) return 'no PostgreSQL here'
  return needs === 'redis-server' && !redisPort ? 'no redis-server here' : undefined
}
