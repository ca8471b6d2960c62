// npm run fuzz -- [target…] [--seconds=60] [--seed=1]: hostile inputs for as long as you like. What shows a fault stays in the corpus.

import { storedInputs, storeInput } from './engine/corpus.ts'
import { fuzz } from './engine/fuzz.ts'
import { knownFaults, targets } from './targets.ts'

const given = process.argv.slice(2)
const seconds = Number(option('seconds') ?? 60)
const seed = Number(option('seed') ?? Date.now() % 2 ** 31)
const words = given.filter(
  (argument, index) => !argument.startsWith('--') && !/^--(seconds|seed)$/.test(given[index - 1] ?? ''),
)
const chosen = targets.filter((target) => words.length === 0 || words.includes(target))
if (chosen.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(`npm run fuzz -- [${targets.join('|')} …] [--seconds=60] [--seed=1]`)
  process.exit(2)
}

console.log(`seed ${seed}`)
for (const target of chosen) {
  const known = knownFaults.map(({ message }) => message)
  const inputs = storedInputs(target)
  const outcome = await fuzz(target, { seed, seconds: seconds / chosen.length, inputs, known })
  const { executions, functions, kept, finding } = outcome
  console.log(`${target}: ${executions.toLocaleString('en')} inputs, ${kept} of them kept, ${functions} functions`)
  if (!finding) continue
  console.log(`\n${finding.kind}: ${finding.message}\n\nThe input is ${storeInput(target, finding.input)}\n`)
  process.exitCode = 1
}

/** `--name=value` or `--name value`. */
function option(name: string): string | undefined {
  const index = given.findIndex((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`))
  return index < 0 ? undefined : (given[index]!.split('=')[1] ?? given[index + 1])
}
