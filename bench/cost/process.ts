// The process of one server, compiled: node process.mjs <name> <folder>
import type { Serve } from './server.ts'

const [, , name = '', directory = ''] = process.argv
const { serve } = (await import(new URL(`servers/${name}.mjs`, import.meta.url).href)) as { serve: Serve }
const port = await serve(directory)

// Any message asks for the CPU time spent so far, in microseconds: the request handlers', the store's and the garbage collector's.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('disconnect', () => process.exit())
process.send?.(port)
