import type { BoundedConnection } from './bounded.ts'
import type { Reply, Server } from './connection.ts'

/**
 * Looks at how the servers are set up: at the first call, and again whenever the client has connected again, as another
 * server may have taken over. Requests don't wait for it, unless `kept` was claimed, which must be seen to be true first.
 */
export class Settings {
  readonly #connection: BoundedConnection
  readonly #claimsKept: boolean
  readonly #warn: (message: string) => void
  readonly #said = new Set<string>()
  #looked: Promise<void> | undefined
  #canSee = true

  constructor(connection: BoundedConnection, claimsKept: boolean, warn: (message: string) => void) {
    this.#connection = connection
    this.#claimsKept = claimsKept
    this.#warn = warn
    connection.onConnected(() => {
      this.#looked = undefined
    })
  }

  get durability(): 'kept' | 'may-lose-last' {
    return this.#claimsKept && this.#canSee ? 'kept' : 'may-lose-last'
  }

  /** To be awaited before each call, where it is a promise. Rejects when `kept` is not true. */
  check(): Promise<void> | undefined {
    if (!this.#looked) {
      const looked = this.#look()
      this.#looked = looked
      looked.catch((error) => {
        // What could not be asked is asked again at the next call; what is wrong stays so until the next connection.
        if (!(error instanceof WrongSettings) && this.#looked === looked) this.#looked = undefined
      })
    }
    return this.#claimsKept ? this.#looked : undefined
  }

  async #look(): Promise<void> {
    const seen = await Promise.all((await this.#connection.masters()).map(look))
    this.#canSee = seen.every((settings) => settings !== undefined)
    if (!this.#canSee) {
      const instead = this.#claimsKept ? " Durability is 'may-lose-last', as 'kept' can't be seen to be true." : ''
      this.#say(
        `this Redis lets nobody look at its settings (CONFIG GET, INFO). Make sure that appendonly is yes and maxmemory-policy is noeviction.${instead}`,
      )
      return
    }
    const servers = seen.filter((settings) => settings !== undefined)
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
  readonly replicas: number
}

function whatMayBeLost({ appendonly, appendfsync, replicas }: Seen): string[] {
  return [
    ...(appendonly === 'yes' ? [] : [`appendonly is ${appendonly}: a restart loses the last changes`]),
    ...(appendfsync === 'always' ? [] : [`appendfsync is ${appendfsync}, not always: a crash loses the last changes`]),
    ...(replicas === 0
      ? []
      : [
          `it has ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}: one that takes over may lack the last changes`,
        ]),
  ]
}

function whatIsWrong({ appendonly, maxmemory, 'maxmemory-policy': policy }: Seen): string[] {
  return [
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

/** Undefined when the server does not allow to look. */
async function look(server: Server): Promise<Seen | undefined> {
  try {
    const [append, memory, info] = await Promise.all([
      // Redis 6 takes one pattern a call.
      server('CONFIG', 'GET', 'append*'),
      server('CONFIG', 'GET', 'maxmemory*'),
      server('INFO', 'replication'),
    ])
    const replicas = Number(/^connected_slaves:(\d+)/m.exec(String(info))?.[1] ?? 0)
    return { ...pairs(append), ...pairs(memory), replicas } as unknown as Seen
  } catch (error) {
    if (/^(NOPERM|ERR unknown)/i.test(String((error as Error | undefined)?.message))) return undefined
    throw error
  }
}

/** A list of names and values, or, in RESP 3, a map. */
function pairs(reply: Reply): { [name: string]: string } {
  if (!Array.isArray(reply)) {
    const entries = reply instanceof Map ? [...reply] : Object.entries(reply ?? {})
    return Object.fromEntries(entries.map(([name, value]) => [String(name), String(value)]))
  }
  return Object.fromEntries(
    reply.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(reply[index + 1])]] : [])),
  )
}
