// npm start: installs what is missing, then serves the demo in this same process, so that its output, signals and exit
// code are the demo's own.
import './first-run/node-version.mjs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { install } from './first-run/install.mjs'
import { stopWithParent } from './first-run/stop-with-parent.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const entry = join(root, 'demo', 'server.ts')

stopWithParent()
await install(root)

process.chdir(root)
process.argv[1] = entry
const { register } = await import('tsx/esm/api')
register()
process.setSourceMapsEnabled(true)
await import(pathToFileURL(entry).href)
