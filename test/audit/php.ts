import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A program in PHP under `php -S`, with sessions in a folder of its own. Returns its address, with a slash at the end. */
export async function servedByPhp(t: TestContext, php: string, program: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-php-'))
  const file = join(folder, 'router.php')
  writeFileSync(file, program)
  const port = await freePort()
  // Without the machine's php.ini: PHP's own defaults.
  const options = ['-n', '-d', `session.save_path=${folder}`, '-S', `127.0.0.1:${port}`, file]
  const server = spawn(php, options, { stdio: 'ignore' })
  t.after(async () => {
    if (server.exitCode === null) {
      server.kill('SIGKILL')
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  for (const until = performance.now() + 10_000; !(await isListening(port)); ) {
    if (performance.now() > until) throw new Error('php -S does not listen')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return `http://127.0.0.1:${port}/`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
