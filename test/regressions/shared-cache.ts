import type { Answer, Visitor } from '../http/visitor.ts'

/**
 * A shared cache in front of a server, as careless as they come: it keeps every answer to a GET or HEAD that does not forbid
 * it, Set-Cookie included, minds no Vary, and hands it to whoever asks for the same address next.
 */
export class SharedCache {
  readonly #kept = new Map<string, Answer>()

  async get(visitor: Visitor, path: string, method = 'GET'): Promise<Answer & { readonly isHit: boolean }> {
    const key = `${method} ${path}`
    const kept = this.#kept.get(key)
    if (kept) {
      for (const line of kept.setCookies) {
        const [name = '', value = ''] = line.split(';')[0]!.split('=')
        visitor.cookies.set(name, value)
      }
      return { ...kept, isHit: true }
    }
    const answer = await visitor.ask(method, path)
    const { 'cache-control': said = '' } = answer.headers
    if (answer.status < 400 && !/no-store|private/.test(said)) this.#kept.set(key, answer)
    return { ...answer, isHit: false }
  }
}
