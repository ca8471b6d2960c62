// The process of one subject: node --import=tsx bench/subjects/process.ts <name>
import { Faults } from './faults.ts'
import type { Host, Serve } from './subject.ts'

/** What the comparison asks of it. */
export type Order = { readonly fault: Faults['current'] | null } | { readonly contents: true }

const [, , name = '', directory = '', redisUrl = '', postgresUrl = ''] = process.argv
const faults = new Faults()
const { serve } = (await import(`./${name}.ts`)) as { serve: Serve }
const host: Host = { directory, redisUrl, postgresUrl, faults }
const { port, contents } = await serve(host)

process.on('message', async (order: Order) => {
  if ('fault' in order) faults.current = order.fault ?? undefined
  process.send?.('contents' in order ? await contents() : {})
})
process.on('disconnect', () => process.exit())
process.send?.({ port })
