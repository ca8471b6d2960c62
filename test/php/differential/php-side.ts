import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { php } from '../../needs.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** `driver.php` under `php -S`, without the machine's php.ini. Returns its address. */
export async function phpSide(t: TestContext): Promise<string> {
  const port = await freePort()
  const server = spawn(php().path, ['-n', '-S', `127.0.0.1:${port}`, '-t', folder], { stdio: 'ignore' })
  t.after(async () => {
    if (server.exitCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  })
  for (const until = performance.now() + 10_000; !(await isListening(port)); ) {
    if (performance.now() > until) throw new Error('php -S does not listen')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return `http://127.0.0.1:${port}/driver.php`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
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
