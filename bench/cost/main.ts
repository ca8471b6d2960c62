// npm run bench: what a request with a session costs, in microseconds of the server's CPU time. See bench/README.md.
import { rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { versionsOf } from '../compare/versions.ts'
import { compile } from './compile.ts'
import { type Workload, workloads } from './load.ts'
import { MeasuredServer } from './measured-server.ts'
import { type Server, servers } from './server.ts'

interface Row {
  readonly server: string
  readonly framework: string
  /** Microseconds of CPU per request, the median of the rounds. */
  readonly microseconds: Readonly<Record<string, number>>
}

const parameters = process.argv.slice(3)
const isQuick = parameters.includes('--quick')
const words = parameters.filter((parameter) => !parameter.startsWith('--'))
const rounds = isQuick ? 3 : 7
const [most, ms] = [2000, isQuick ? 130 : 250]
const asked = workloads.filter(({ bytes }) => !isQuick || bytes !== 20_000)
const chosen = serversFor(words)
const compiled = await compile(chosen.map(({ file }) => file))
const measured = chosen.map((server) => new MeasuredServer(server, compiled))
process.on('exit', () => {
  for (const server of measured) server.close()
  rmSync(compiled, { recursive: true, force: true })
})
process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143))

const startedAt = performance.now()
await Promise.all(measured.map((server) => server.start()))
const rows = await measure()
if (parameters.includes('--json')) console.log(JSON.stringify(report(rows), undefined, 2))
else print(rows)
console.error(`${Math.round((performance.now() - startedAt) / 1000)} s`)
process.exit()

/** Those whose file contains one of the words, all without words, and the bare servers that they are compared with. */
function serversFor(words: readonly string[]): readonly Server[] {
  const named = servers.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word)))
  return servers.filter((server) => named.includes(server) || named.some(({ bare }) => bare === server.file))
}

/** Round by round through all servers, so that a busy moment of the machine does not fall on one of them. */
async function measure(): Promise<Row[]> {
  const samples = measured.map(() => new Map<Workload, number[]>())
  for (let round = -1; round < rounds; round++) {
    for (const workload of asked) {
      for (const [index, server] of measured.entries()) {
        const cost = await server.measure(workload, most, ms)
        // The first round is for the compiler.
        if (round >= 0) samples[index]!.set(workload, [...(samples[index]!.get(workload) ?? []), cost])
      }
    }
  }
  return measured.map(({ server }, index) => ({
    server: server.file,
    framework: server.bare ?? server.file,
    microseconds: Object.fromEntries(asked.map((workload) => [workload.title, median(samples[index]!.get(workload)!)])),
  }))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** For each session library: what it adds to its framework, and how many times the bare server's cost that makes. */
function added(rows: readonly Row[], row: Row, title: string): { more: number; times: number } {
  const bare = rows.find(({ server }) => server === row.framework)!.microseconds[title]!
  const whole = row.microseconds[title]!
  return { more: whole - bare, times: whole / bare }
}

function print(rows: readonly Row[]): void {
  console.log('CPU microseconds per request; with sessions: what they add to the bare server, and the ratio to it\n')
  console.log(line(['', ...asked.map(({ title }) => title)]))
  for (const [index, row] of rows.entries()) {
    const cells = asked.map(({ title }) => {
      if (row.server === row.framework) return row.microseconds[title]!.toFixed(0)
      const { more, times } = added(rows, row, title)
      return `${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(0)}  ×${times.toFixed(2)}`
    })
    console.log(line([chosen[index]!.title, ...cells]))
  }
  console.log(`\nNode ${process.versions.node}, ${cpus()[0]?.model.trim()}`)
}

function line([first = '', ...cells]: readonly string[]): string {
  return `${first.padEnd(27)}${cells.map((cell) => cell.padStart(15)).join('')}`
}

function report(rows: readonly Row[]): object {
  return {
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim(),
    versions: [...new Set(chosen.flatMap(({ packages }) => packages))].map(versionsOf),
    rounds,
    servers: rows.map((row) => {
      const isBare = row.server === row.framework
      const overBare = Object.fromEntries(asked.map(({ title }) => [title, added(rows, row, title)]))
      return isBare ? row : { ...row, overBare }
    }),
  }
}
