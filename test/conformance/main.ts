import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Description, parseDescription, rowOf, runConformance, summaryOf } from 'coatcheck/conformance'
import { memoryStore } from 'coatcheck/stores/memory'
import { describeProbe } from './describe-probe.ts'
import { startProbe } from './probe/probe.ts'

const help = `The named checks of docs/conformance.md, against a server.

  npm run conformance                                  our own application, its sessions in memory
  npm run conformance -- --description server.json     yours

Options
  --description file    what the server is like (docs/conformance.md)
  --json file           writes the report there, too
  --only id,id          these checks only
  --help                this text
`

try {
  await main()
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error)
  process.exitCode = 2
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      description: { type: 'string' },
      json: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.log(help)
  if (values.description !== undefined) return report(described(values.description), values)
  const probe = await startProbe({ store: memoryStore(), remove() {} })
  try {
    await report(describeProbe(probe, { name: 'coatcheck, sessions in memory' }), values)
  } finally {
    await probe.stop()
  }
}

async function report(description: Description, { json, only }: { json?: string; only?: string }): Promise<void> {
  const result = await runConformance(description, {
    ...(only !== undefined && { only: only.split(',').map((id) => id.trim()) }),
    onResult: (row) => console.log(rowOf(row)),
  })
  console.log(summaryOf(result))
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`)
  if (result.totals.fail > 0) process.exitCode = 1
}

function described(file: string): Description {
  return parseDescription(JSON.parse(readFileSync(file, 'utf8')))
}
