import cluster, { type Worker } from 'node:cluster'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from 'coatcheck'
import { build } from 'esbuild'
import { Visitor } from '../http/visitor.ts'
import { openStore, type StoreAddress } from '../outages/opened-store.ts'
import type { Fault } from './cluster-faults.ts'
import type { WorkerSettings } from './cluster-worker.ts'

export interface ClusterSetup {
  /** Default: a directory of its own. */
  readonly address?: StoreAddress
  /** Milliseconds that one call to the store may take. Default: 2 seconds. */
  readonly storeTimeout?: number
  readonly fault?: Fault
  /** Milliseconds. Default: 15 minutes, which no test takes. */
  readonly rotateEvery?: number
  /**
   * `dealt` (default): each worker gets every fourth connection. `taken`: whoever comes first. With the former, Node leaves
   * open for ever, and unanswered, a connection that was on its way to a worker when that was killed.
   */
  readonly connections?: 'dealt' | 'taken'
}

/** The small application, served by several processes on one port and one store. */
export interface Cluster {
  readonly port: number
  readonly address: StoreAddress
  /** The same sessions, for this process to look at. */
  readonly store: Store
  /** Default: any number of connections, which are kept and used in turn; the workers have as many each. */
  visitor(agent?: Agent): Visitor
  signedIn(user?: string): Promise<Visitor>
  /** Resolves when that many handlers wait at their workers' gates. */
  reached(count: number): Promise<void>
  openGates(): void
  /** Workers that accept connections at this moment. */
  readonly listening: readonly Worker[]
  /** Kills one, at once (SIGKILL). Another takes its place. */
  kill(worker: Worker): void
  /** Rejects when a worker ends by itself. No other takes its place. */
  readonly crashed: Promise<never>
  stop(): Promise<void>
}

const size = 4

/** One at a time in a process: its settings are the cluster module's own. */
export async function startCluster({
  address: given,
  storeTimeout = 2_000,
  fault = 'none',
  rotateEvery = 900_000,
  connections = 'dealt',
}: ClusterSetup = {}): Promise<Cluster> {
  const root = mkdtempSync(join(tmpdir(), 'coatcheck-cluster-'))
  const address = given ?? { kind: 'file', at: join(root, 'sessions') }
  const settings: WorkerSettings = { root, address, storeTimeout, fault, rotateEvery }
  const { store, close } = await openStore(address)
  cluster.schedulingPolicy = connections === 'dealt' ? cluster.SCHED_RR : cluster.SCHED_NONE
  cluster.setupPrimary({ exec: await bundle(root), args: [JSON.stringify(settings)], execArgv: [] })

  const workers = new Set<Worker>()
  const listening = new Set<Worker>()
  const agent = new Agent({ keepAlive: true, scheduling: 'fifo' })
  let port = 0
  let waiting = 0
  let onNews = (): void => {}
  let isStopping = false
  let crash: Error | undefined
  let onCrash = (_error: Error): void => {}
  const crashed = new Promise<never>((_resolve, reject) => {
    onCrash = reject
  })
  crashed.catch(() => {})

  function fork(): void {
    const worker = cluster.fork({ NODE_ENV: 'production' })
    workers.add(worker)
    worker.on('message', () => {
      waiting += 1
      onNews()
    })
    worker.once('listening', (address) => {
      port = address.port
      listening.add(worker)
      onNews()
    })
    worker.once('exit', (code, signal) => {
      workers.delete(worker)
      listening.delete(worker)
      if (signal !== 'SIGKILL') {
        crash = new Error(`a worker ended by itself (${signal ?? code})`)
        onCrash(crash)
      } else if (!isStopping) fork()
      onNews()
    })
  }

  async function until(claim: () => boolean): Promise<void> {
    while (!claim()) {
      if (crash && !isStopping) throw crash
      await new Promise<void>((resolve) => {
        onNews = resolve
      })
    }
  }

  async function stop(): Promise<void> {
    isStopping = true
    agent.destroy()
    for (const worker of workers) worker.process.kill('SIGKILL')
    await until(() => workers.size === 0)
    await close()
    rmSync(root, { recursive: true, force: true })
  }

  for (let count = 0; count < size; count++) fork()
  await until(() => listening.size === size).catch(async (error) => {
    await stop()
    throw error
  })

  const visitor = (own = agent): Visitor => new Visitor(port, own)
  return {
    stop,
    crashed,
    port,
    address,
    store,
    visitor,
    async signedIn(user = 'alice') {
      const signedIn = visitor()
      await signedIn.post(`/login?user=${user}`)
      return signedIn
    },
    reached: (count) => until(() => waiting >= count),
    openGates() {
      waiting = 0
      for (const worker of listening) worker.send('open')
    },
    get listening() {
      return [...listening]
    },
    kill(worker) {
      listening.delete(worker)
      worker.process.kill('SIGKILL')
    },
  }
}

/** As one file, so that each of many workers starts in a fraction of the time. */
async function bundle(root: string): Promise<string> {
  const outfile = join(root, 'worker.mjs')
  const contents = `
    import { serve } from './cluster-worker.ts'
    await serve(JSON.parse(process.argv[2]))`
  await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Packages that are not written as modules ask for Node's own by `require`.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'; globalThis.require = requireFrom('${root}/')`,
    },
    external: ['pg-native'],
    logLevel: 'error',
  })
  return outfile
}
