// node bench/php-formats.mjs: what PHP's formats cost beside JSON, for the same session, in CPU time of one run.
// JSON is measured on text; a session comes as bytes and goes as bytes, which is in the figures of the formats.
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { php, phpSerialize, phpBinary, payload } = await compiled()
const rounds = 15

console.log('CPU microseconds a call, the median of the rounds; ×: JSON.parse or JSON.stringify of the same session\n')
console.log(line(['', 'decode, 500 B', 'encode, 500 B', 'decode, 20 KB', 'encode, 20 KB']))
const columns = [500, 20_000].flatMap((bytes) => measured(payload(bytes), 10_000_000 / bytes))
const names = Object.keys(columns[0])
for (const name of names) {
  const cells = columns.map((column) => `${column[name].toFixed(1)}  ×${(column[name] / column.JSON).toFixed(2)}`)
  console.log(line([name, ...cells]))
}
console.log(`\nNode ${process.versions.node}, ${cpus()[0]?.model.trim()}`)

/** Without tsx, which would be measured with what it runs. */
async function compiled() {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from 'coatcheck/php/formats'; export { payload } from './bench/cost/payload.ts'`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfig: `${root}/tsconfig.json`,
  })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
}

/**
 * For reading and for writing: each format in turn, round by round, so that a busy moment of the machine does not fall
 * on one of them.
 */
function measured(data, times) {
  const text = JSON.stringify(data)
  const session = new Map(Object.entries(data))
  const formats = [php, phpSerialize, phpBinary].map((format) => ({ format, bytes: format.encode(session) }))
  const reading = Object.fromEntries(formats.map(({ format, bytes }) => [format.name, () => format.decode(bytes)]))
  const writing = Object.fromEntries(formats.map(({ format }) => [format.name, () => format.encode(session)]))
  return [
    medians({ JSON: () => JSON.parse(text), ...reading }, times),
    medians({ JSON: () => JSON.stringify(data), ...writing }, times),
  ]
}

function medians(subjects, times) {
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]))
  // The first rounds are for the compiler.
  for (let round = -3; round < rounds; round++) {
    for (const [name, run] of Object.entries(subjects)) {
      const before = process.cpuUsage()
      for (let time = 0; time < times; time++) run()
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) samples[name].push((user + system) / times)
    }
  }
  const middle = rounds >> 1
  return Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, all.sort((a, b) => a - b)[middle]]))
}

function line([first, ...cells]) {
  return `${first.padEnd(15)}${cells.map((cell) => cell.padStart(17)).join('')}`
}
