import { spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { freePort } from './site.ts'

/**
 * A Redis of one's own on a free loopback port, which writes nothing to the disk and ends with this process. Says the port;
 * undefined where none is installed.
 */
export async function startRedis(): Promise<number | undefined> {
  if (!isInstalled('redis-server')) return undefined
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', logfile: '' }
  const parameters = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('redis-server', parameters, { stdio: 'ignore', detached: true })
  process.once('exit', () => child.kill('SIGKILL'))
  await untilListening(port)
  return port
}

export function isInstalled(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const isListening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.end())
    })
    if (isListening) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('redis-server does not listen')
}
