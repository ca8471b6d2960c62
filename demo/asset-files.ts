import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { Hono } from 'hono'

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The files of `assets/`, read once. A request can name one of them and nothing else. */
export class AssetFiles {
  readonly routes = new Hono()
  /** In bytes, as they are sent. */
  readonly sizes = new Map<string, number>()
  readonly #versions = new Map<string, string>()

  constructor(directory = fileURLToPath(new URL('./assets/', import.meta.url))) {
    for (const name of readdirSync(directory)) {
      const type = types[extname(name)]
      if (type) this.#serve(name, smaller(name, readFileSync(`${directory}/${name}`)), type)
    }
  }

  /** The address of a file; it changes with the file's contents, so that browsers may keep it for ever. */
  readonly address = (name: string): string => {
    const version = this.#versions.get(name)
    if (!version) throw new Error(`There is no file assets/${name}`)
    return `/assets/${name}?${version}`
  }

  /** One that is no file of ours. Throws for a kind that is not known. */
  add(name: string, text: string): void {
    const type = types[extname(name)]
    if (!type) throw new TypeError(`What is ${name}?`)
    this.#serve(name, smaller(name, Buffer.from(text)), type)
  }

  #serve(name: string, bytes: Buffer<ArrayBuffer>, type: string): void {
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
    this.#versions.set(name, version)
    this.sizes.set(name, bytes.byteLength)
    this.routes.get(`/assets/${name}`, (c) => {
      // A style sheet names images without a version; these are asked for again each hour.
      const isVersioned = new URL(c.req.url).search === `?${version}`
      c.header('Content-Type', type)
      c.header('Cache-Control', isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600')
      return c.body(bytes)
    })
  }
}

/** Without comments and spaces. The scripts stay readable: names are what they were. */
function smaller(name: string, bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const loader = ({ '.css': 'css', '.js': 'js' } as const)[extname(name)]
  if (!loader) return bytes
  // The newest CSS stays as it was written: esbuild would rewrite light-dark() for browsers that don't know it.
  const { code } = transformSync(bytes.toString(), { loader, minifyWhitespace: true, target: 'esnext' })
  return Buffer.from(code)
}
