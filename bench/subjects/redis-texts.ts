import type { Faults } from './faults.ts'
import { contentsOfRedis, redisDatabase } from './redis-database.ts'
import type { Contents } from './subject.ts'

/** For libraries that ask for a store of three methods: JSON texts in Redis, by session id. */
export async function redisTexts(url: string, faults: Faults): Promise<RedisTexts> {
  return new RedisTexts(await redisDatabase(url), faults)
}

class RedisTexts {
  readonly #client: Awaited<ReturnType<typeof redisDatabase>>
  readonly #faults: Faults

  constructor(client: Awaited<ReturnType<typeof redisDatabase>>, faults: Faults) {
    this.#client = client
    this.#faults = faults
  }

  async get(id: string): Promise<unknown> {
    await this.#faults.before('read')
    const text = await this.#client.get(id)
    return text === null ? undefined : JSON.parse(text)
  }

  async set(id: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value)
    await this.#faults.before('write')
    await this.#client.set(id, text)
  }

  async delete(id: string): Promise<void> {
    await this.#faults.before('destroy')
    await this.#client.del(id)
  }

  contents(): Promise<Contents> {
    return contentsOfRedis(this.#client)
  }
}
