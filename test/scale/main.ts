// npm run scale -- [file redis …] [--sessions=1000000]: whether what a store takes for a session depends on how many there are.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Job } from './measuring.ts'
import { type Kind, kinds } from './places.ts'

const parameters = process.argv.slice(2)
const many = Number(parameters.find((text) => text.startsWith('--sessions='))?.split('=')[1] ?? 100_000)
const words = parameters.filter((text) => !text.startsWith('--'))
const few = 1_000
const rounds = 7
/** Each fills its store anew. */
const cleanings = many > 100_000 ? 1 : 3
const operations = ['read', 'write', 'touch'] as const

console.log(
  `Microseconds by the clock, 32 calls at a time: with ${few.toLocaleString('en')} sessions → with ${many.toLocaleString('en')}\n`,
)
console.log(line(['', 'read', 'write', 'touch', 'memory, MB', 'cleaning up 10,000, ms']))
let isWithin = true
for (const [name, kind] of Object.entries(kinds)) {
  if (words.length > 0 && !words.includes(name)) continue
  if (kind.skip) console.log(`${name.padEnd(10)} skipped: ${kind.skip}`)
  else await measure(name, kind)
}
console.log(isWithin ? '\nAll within twice.' : '\nNot all within twice: see the figures marked !')
process.exit()

async function measure(name: string, kind: Kind): Promise<void> {
  const place = await kind.start()
  const [small, large] = [start(name, place.at, 'few'), start(name, place.at, 'many')]
  await Promise.all([small.ready, large.ready])
  await small.ask({ do: 'fill', count: few, expired: 0 })
  await large.ask({ do: 'fill', count: many, expired: 0 })
  const cells: string[] = []
  for (const operation of operations) {
    const samples: { few: number[]; many: number[] } = { few: [], many: [] }
    const count = 3_000
    for (let round = -1; round < rounds; round++) {
      const taken = [await small.ask({ do: operation, count }), await large.ask({ do: operation, count })] as const
      if (round < 0) continue
      samples.few.push((taken[0] / count) * 1_000)
      samples.many.push((taken[1] / count) * 1_000)
    }
    cells.push(compared(median(samples.few), median(samples.many)))
  }
  const bytes = [await small.ask({ do: 'look at the memory' }), await large.ask({ do: 'look at the memory' })] as const
  cells.push(name === 'memory' ? '(it is the store)' : compared(bytes[0] / 2 ** 20, bytes[1] / 2 ** 20))
  small.end()
  large.end()
  cells.push(await cleaning(name, place.at))
  console.log(line([name, ...cells]))
  await place.stop()
}

/** Alone, and spread among the living. */
async function cleaning(name: string, at: string): Promise<string> {
  const samples: { alone: number[]; among: number[] } = { alone: [], among: [] }
  for (let round = 0; round < cleanings; round++) {
    for (const [title, count] of [
      ['alone', 0],
      ['among', many],
    ] as const) {
      const process = start(name, at, `clean_${title}_${round}`)
      if ((await process.ready) === 'no clean-up') {
        process.end()
        return 'by itself'
      }
      await process.ask({ do: 'fill', count, expired: 10_000 })
      samples[title].push(await process.ask({ do: 'clean up' }))
      process.end()
    }
  }
  return compared(median(samples.alone), median(samples.among))
}

function compared(one: number, other: number): string {
  const times = other / one
  if (times > 2) isWithin = false
  return `${format(one)} → ${format(other)}  ×${times.toFixed(1)}${times > 2 ? '!' : ''}`
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1]!
}

function line([first = '', ...cells]: readonly string[]): string {
  return `${first.padEnd(10)}${cells.map((cell) => cell.padStart(24)).join('')}`
}

function start(name: string, at: string, space: string) {
  const file = fileURLToPath(new URL('./measuring.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--expose-gc', '--import=tsx', file, name, at, space], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of ${name} ended with ${code}`)
  })
  ended.catch(() => {}) // it ends when it is told to
  const answer = async (): Promise<unknown> => {
    const [message] = await Promise.race([once(child, 'message'), ended])
    return message
  }
  return {
    ready: answer(),
    async ask(job: Job): Promise<number> {
      child.send(job)
      return (await answer()) as number
    },
    end: () => child.disconnect(),
  }
}

function format(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0)
}
