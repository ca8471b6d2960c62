import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'

/** Starts examples/<name>.ts as its head says, in an empty folder; when the test is over, it must end as Ctrl+C ends it. */
export async function run(t: TestContext, name: string, processes = 1): Promise<{ readonly url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'example-'))
  const port = await freePort()
  const program = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), resolve('examples', `${name}.ts`)], {
    cwd: folder,
    env: { ...process.env, PORT: String(port), TSX_TSCONFIG_PATH: resolve('tsconfig.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, errors] = ['', '']
  program.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  // Closed when the program and every process that it started are gone.
  const closed = once(program, 'close')
  t.after(async () => {
    program.kill('SIGINT')
    const timer = setTimeout(() => program.kill('SIGKILL'), 5_000)
    await closed
    clearTimeout(timer)
    rmSync(folder, { recursive: true, force: true })
    assert.equal(program.signalCode, 'SIGINT', `examples/${name}.ts did not stop`)
    assert.equal(errors, '', `examples/${name}.ts wrote to stderr`)
  })
  const url = `http://localhost:${port}`
  await new Promise<void>((ready, fail) => {
    program.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      if (output.split(`${url}\n`).length > processes) ready()
    })
    program.once('exit', (code) => fail(new Error(`examples/${name}.ts exits with ${code}: ${output}${errors}`)))
  })
  return { url }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
