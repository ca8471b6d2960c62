import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runNode } from './running.ts'

const leftOut = ['node_modules', '.git', 'dist', 'sessions', '.docs-check', '.install-lock']

describe('a fresh clone', () => {
  let root: string

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'clone-'))
    cpSync('.', root, { recursive: true, filter: (source) => !leftOut.includes(source) })
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  it('serves the demo after one command, with NODE_ENV=production as well', async (test) => {
    // npm's cache does instead of the network where it can.
    const first = await visit({ NODE_ENV: 'production', npm_config_prefer_offline: 'true' })
    if (
      !first.status &&
      !process.env.CI &&
      /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH/.test(first.output)
    ) {
      return test.skip('no network to install from')
    }
    assert.equal(first.status, 200, first.output)
    assert.match(first.output, /Installing the dependencies, once/)
    assert.equal(existsSync(join(root, '.install-lock')), false)
  })

  it('serves it from then on without the network', async (test) => {
    if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return test.skip('no network to install from')
    const { status, output } = await visit({ npm_config_registry: 'http://localhost:9' })
    assert.equal(status, 200, output)
    assert.doesNotMatch(output, /Installing/)
  })

  it('says that the port is in use, and exits with 1', async (test) => {
    if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return test.skip('no network to install from')
    const other = createServer().listen(0)
    await once(other, 'listening')
    const { code, output } = await start(portOf(other), {}).ended
    other.close()
    assert.equal(code, 1, output)
    assert.match(output, /in use/)
    assert.doesNotMatch(output, /^\s+at /m)
  })

  function start(port: number, env: NodeJS.ProcessEnv) {
    return runNode(['scripts/start.mjs'], { cwd: root, env: { ...env, PORT: String(port) } })
  }

  /** Starts the demo, asks for its first page and stops it. */
  async function visit(env: NodeJS.ProcessEnv): Promise<{ status?: number; output: string }> {
    const port = await freePort()
    const running = start(port, env)
    try {
      await running.printed(new RegExp(`http://localhost:${port}`))
    } catch {
      return { output: (await running.ended).output }
    }
    const { status } = await fetch(`http://localhost:${port}/`)
    running.process.kill('SIGTERM')
    const { code, output } = await running.ended
    assert.equal(code, 0, output)
    return { status, output }
  }
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
