import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The demo's server as a process of its own, so that it can be killed. */
export interface DemoProcess {
  url: string
  port: number
  output: () => string
  /** Resolves to the exit code, or the signal that ended it. */
  end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>
}

const entry = fileURLToPath(new URL('./server.ts', import.meta.url))

export function spawnDemo(environment: Record<string, string>, options: string[] = []): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', entry, ...options], {
    env: { ...process.env, NODE_ENV: 'test', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Started, and listening. Port 0 takes any free one. */
export async function startDemo(directory: string, port = 0, options: string[] = []): Promise<DemoProcess> {
  const child = spawnDemo({ PORT: String(port), SESSIONS_DIR: directory }, options)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk
      const found = /https?:\/\/localhost:\d+/.exec(output)?.[0]
      if (found) resolve(found)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${output}`)))
  })
  return {
    url,
    port: Number(new URL(url).port),
    output: () => output,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode
      const exited = once(child, 'exit')
      child.kill(signal)
      const [code, killedBy] = (await exited) as [number | null, NodeJS.Signals | null]
      return code ?? killedBy
    },
  }
}
