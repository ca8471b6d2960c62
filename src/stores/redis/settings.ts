import type { BoundedConnection } from './bounded.ts'
import type { Reply, Server } from './connection.ts'

/** As long as a call waits for a connection. */
const patienceMs = 2_000

/**
 * Looks at how the servers are set up: at the first call, and again whenever the client has connected again, as another
 * server may have taken over. Calls wait for it, as a replica would show sessions that have ended. In a cluster replicas
 * send everyone to their masters, so there they wait only where `kept` was claimed, which must be seen to be true first.
 */
export class Settings {
  readonly #connection: BoundedConnection
  readonly #claimsKept: boolean
  readonly #warn: (message: string) => void
  readonly #said = new Set<string>()
  #looked: Promise<void> | undefined
  #isFine = false
  /** What is to be looked at is not chosen yet. */
  #isConnecting = false
  #canSee = true

  constructor(connection: BoundedConnection, claimsKept: boolean, warn: (message: string) => void) {
    this.#connection = connection
    this.#claimsKept = claimsKept
    this.#warn = warn
    connection.onConnected(() => {
      this.#isFine = false
      if (!this.#isConnecting) this.#looked = undefined
    })
  }

  get durability(): 'kept' | 'may-lose-last' {
    return this.#claimsKept && this.#canSee ? 'kept' : 'may-lose-last'
  }

  /** To be awaited before each call, where it is a promise. Rejects when `kept` is not true, or a replica answers. */
  check(): Promise<void> | undefined {
    if (!this.#looked) {
      const looked = this.#look()
      this.#looked = looked
      looked.then(
        () => {
          this.#isFine = this.#looked === looked
        },
        (error) => {
          // What could not be asked is asked again at the next call; what is wrong stays so until the next connection.
          if (!(error instanceof WrongSettings) && this.#looked === looked) this.#looked = undefined
        },
      )
    }
    const mustBeSeen = this.#claimsKept || !this.#connection.isCluster
    return mustBeSeen && !this.#isFine ? inTime(this.#looked) : undefined
  }

  async #look(): Promise<void> {
    this.#isConnecting = true
    const masters = await this.#connection.masters().finally(() => (this.#isConnecting = false))
    const seen = await Promise.all(masters.map(look))
    const master = this.#connection.isCluster ? undefined : seen.find(({ replicaOf }) => replicaOf)?.replicaOf
    if (master) throw new Error(`redisStore must reach a master, and this Redis is a replica of ${master}`)
    const servers = seen.filter((server) => isSeen(server))
    this.#canSee = servers.length === seen.length
    if (!this.#canSee) {
      const instead = this.#claimsKept ? " Durability is 'may-lose-last', as 'kept' can't be seen to be true." : ''
      this.#say(
        `this Redis lets nobody look at its settings (CONFIG GET, INFO). Make sure that appendonly is yes and maxmemory-policy is noeviction.${instead}`,
      )
      return
    }
    const losses = [...new Set(servers.flatMap(whatMayBeLost))]
    if (this.#claimsKept && losses.length > 0) {
      throw new WrongSettings(`redisStore was told durability: 'kept', but ${losses.join('; ')}`)
    }
    const warnings = new Set(servers.flatMap(whatIsWrong))
    for (const warning of warnings) this.#say(warning)
  }

  #say(message: string): void {
    if (this.#said.has(message)) return
    this.#said.add(message)
    this.#warn(`coatcheck: ${message}`)
  }
}

class WrongSettings extends Error {}

interface Seen {
  readonly appendonly: string
  readonly appendfsync: string
  readonly maxmemory: string
  readonly 'maxmemory-policy': string
  readonly 'min-replicas-to-write': string
  readonly replicas: number
  /** It was a replica, and has taken over. */
  readonly hasTakenOver: boolean
  /** Where its master is, of a replica. */
  readonly replicaOf: string | undefined
}

function isSeen(seen: Partial<Seen>): seen is Seen {
  return seen.appendonly !== undefined && seen.replicas !== undefined
}

function whatMayBeLost({ appendonly, appendfsync, replicas, hasTakenOver }: Seen): string[] {
  return [
    ...(hasTakenOver ? ['it has taken over from another server, and may lack the last changes of that one'] : []),
    ...(appendonly === 'yes' ? [] : [`appendonly is ${appendonly}: a restart loses the last changes`]),
    ...(appendfsync === 'always' ? [] : [`appendfsync is ${appendfsync}, not always: a crash loses the last changes`]),
    ...(replicas === 0
      ? []
      : [
          `it has ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}: one that takes over may lack the last changes`,
        ]),
  ]
}

function whatIsWrong(seen: Seen): string[] {
  const { appendonly, maxmemory, 'maxmemory-policy': policy, 'min-replicas-to-write': minReplicas, replicas } = seen
  return [
    ...(replicas === 0 || Number(minReplicas) > 0
      ? []
      : [
          'this Redis has replicas, and min-replicas-to-write is 0: one that takes over may lack any number of changes, and sessions that were ended by these live again. Set it to 1, and min-replicas-max-lag to a few seconds.',
        ]),
    ...(appendonly === 'yes'
      ? []
      : [
          `appendonly is ${appendonly} in Redis: after a restart it holds an old snapshot or nothing, and sessions that were ended since the snapshot live again. Set it to yes.`,
        ]),
    ...(policy === 'noeviction' || maxmemory === '0'
      ? []
      : [`maxmemory-policy is ${policy} in Redis: when memory is short, live sessions vanish. Set it to noeviction.`]),
  ]
}

/** Without what the server allows nobody to look at. */
async function look(server: Server): Promise<Partial<Seen>> {
  const [append, memory, minReplicas, info] = await Promise.all([
    // Redis 6 takes one pattern a call.
    allowed(server('CONFIG', 'GET', 'append*')),
    allowed(server('CONFIG', 'GET', 'maxmemory*')),
    allowed(server('CONFIG', 'GET', 'min-replicas-to-write')),
    allowed(server('INFO', 'replication')),
  ])
  return {
    ...pairs(append),
    ...pairs(memory),
    ...pairs(minReplicas),
    ...(info !== undefined && replication(String(info))),
  }
}

async function allowed(answer: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await answer
  } catch (error) {
    if (/^(NOPERM|ERR unknown)/i.test(String((error as Error | undefined)?.message))) return undefined
    throw error
  }
}

function replication(info: string): Pick<Seen, 'replicas' | 'hasTakenOver' | 'replicaOf'> {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  return {
    replicas: Number(field('connected_slaves') ?? 0),
    hasTakenOver: Number(field('second_repl_offset') ?? -1) >= 0,
    replicaOf: field('role') === 'slave' ? `${field('master_host')}:${field('master_port')}` : undefined,
  }
}

async function inTime(looked: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('Redis has not said in time how it is set up')), patienceMs)
  })
  try {
    await Promise.race([looked, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A list of names and values, or, in RESP 3, a map. */
function pairs(reply: Reply | undefined): { [name: string]: string } {
  if (!Array.isArray(reply)) {
    const entries = reply instanceof Map ? [...reply] : Object.entries(reply ?? {})
    return Object.fromEntries(entries.map(([name, value]) => [String(name), String(value)]))
  }
  return Object.fromEntries(
    reply.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(reply[index + 1])]] : [])),
  )
}
