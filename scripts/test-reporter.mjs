import { existsSync } from 'node:fs'
import { spec } from 'node:test/reporters'
import { tsImport } from 'tsx/esm/api'

// Node loads reporters before what `--import` names. A copy of scripts/ without src has no stores to tell of.
const contractTable = new URL('../src/testing/contract-table.ts', import.meta.url)
const { ContractTable } = existsSync(contractTable) ? await tsImport(contractTable.href, import.meta.url) : {}

/**
 * Node's `spec` reporter, then how the stores keep their contract, then why tests were skipped, then the counts as the very
 * last lines, on a terminal or not.
 */
export default async function* report(events) {
  const printer = new spec().setEncoding('utf8')
  const skipped = new Map()
  const counts = []
  const table = ContractTable && new ContractTable()
  for await (const event of events) {
    const { type, data } = event
    table?.add(event)
    if (type === 'test:pass' && typeof data.skip === 'string') {
      skipped.set(data.skip, (skipped.get(data.skip) ?? 0) + 1)
    }
    if (isCount(type, data)) {
      counts.push(`# ${data.message}\n`)
      continue
    }
    printer.write(event)
    yield printer.read() ?? ''
  }
  printer.end()
  yield* printer
  yield '\n'
  const lines = table?.lines() ?? []
  for (const line of [...lines, ...(lines.length > 0 ? [''] : [])]) yield `${line}\n`
  for (const [reason, times] of skipped) yield `skipped ${times}: ${reason}\n`
  yield* counts
}

function isCount(type, { file, nesting, message }) {
  return type === 'test:diagnostic' && !file && nesting === 0 && /^[a-z_]+ [\d.]+$/.test(message)
}
