import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { DifferenceCode } from 'coatcheck/php'
import { phpSerialize } from 'coatcheck/php/formats'
import { type Answer, post } from './asking.ts'
import type { NodeSide, OwnResult, Result } from './node-side.ts'
import {
  type CookieHeader,
  formats,
  type IdName,
  type ListPlan,
  type Operation,
  type RequestPlan,
} from './operations.ts'

/** One of the two: its folder, its visitor's cookies, and the ids that it has made, in the order in which they were seen. */
class Side {
  readonly folder: string
  readonly url: string
  readonly #given: ReadonlySet<string>
  readonly #cookies = new Map<string, string>()
  readonly #seen: string[] = []

  constructor(folder: string, url: string, given: ReadonlySet<string>) {
    this.folder = folder
    this.url = url
    this.#given = given
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
  }

  idOf(name: IdName): string {
    return typeof name === 'string' ? name : (this.#seen[name.seen] ?? 'none-yet')
  }

  /** The same text on both sides, where both have made their own ids in the same order. */
  known(id: string): string {
    if (id === '' || this.#given.has(id) || id === 'none-yet') return id
    if (!this.#seen.includes(id)) this.#seen.push(id)
    return `#${this.#seen.indexOf(id)} of ${id.length}`
  }

  cookieHeader(plan: CookieHeader, name: string): string {
    if (plan === 'jar') return [...this.#cookies].map(([each, value]) => `${each}=${value}`).join('; ')
    const parts = plan.map((part) => (typeof part === 'string' ? part.replaceAll('NAME', name) : this.idOf(part.id)))
    // As a browser would: the bytes of a header are not UTF-8 to Node.
    return Buffer.from(parts.join('')).toString('latin1')
  }

  keep(setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
      this.#cookies.set(name, value)
    }
  }

  damage(name: string): void {
    const file = this.#fileOf(name)
    if (existsSync(file) && statSync(file).size > 0) truncateSync(file, statSync(file).size - 1)
  }

  /** Nothing is fresh, so that what is touched can be told; the others are expired where `isAged`. */
  age(name: string, isAged: boolean): void {
    const own = this.#fileOf(name)
    for (const each of readdirSync(this.folder)) {
      const file = join(this.folder, each)
      const then = Date.now() / 1000 - (isAged && file !== own ? 2000 : 100)
      utimesSync(file, then, then)
    }
  }

  #fileOf(name: string): string {
    // Both cut an id at a NUL, as C does.
    const [id] = decodeURIComponent(this.#cookies.get(name) ?? '').split('\0')
    return join(this.folder, `sess_${id}`)
  }

  files(): { readonly [name: string]: { readonly mode: string; readonly isTouched: boolean; readonly bytes: string } } {
    const files = readdirSync(this.folder).map((file) => {
      const { mode, mtimeMs, size } = statSync(join(this.folder, file))
      // Whether an empty one is touched is a difference: empty-lives-on.
      const isTouched = size === 0 || Date.now() - mtimeMs < 50_000
      const bytes = readFileSync(join(this.folder, file)).toString('latin1')
      return [this.known(file.slice(5)), { mode: (mode & 0o7777).toString(8), isTouched, bytes }] as const
    })
    return Object.fromEntries(files.sort())
  }
}

export interface Twins {
  readonly phpUrl: string
  readonly node: NodeSide
  readonly folder: string
  /** Of PHP's script. */
  readonly lastModified: Date
  readonly differences: Map<DifferenceCode, number>
}

/** Does a list of requests on both sides, and fails where they part without a declared reason. */
export async function compare(twins: Twins, { settings, requests }: ListPlan): Promise<void> {
  const given = givenIds(requests)
  const php = new Side(join(twins.folder, 'php'), twins.phpUrl, given)
  const node = new Side(join(twins.folder, 'node'), twins.node.url, given)
  twins.node.serve(settings, node.folder, twins.lastModified)
  for (const [index, request] of requests.entries()) {
    for (const side of [php, node]) {
      if (request.isDamaged) side.damage(settings.name)
      side.age(settings.name, request.isAged)
    }
    const before = node.files()
    const all = { ...settings, save_path: php.folder, gc_probability: 0 }
    const phpAnswer = await ask(php, request, settings.name, all)
    assert.equal(phpAnswer.status, 200, phpAnswer.body)
    const nodeAnswer = await ask(node, request, settings.name, {})
    const phpResults: readonly Result[] = JSON.parse(phpAnswer.body)
    const found = compareResults(request.operations, { php, node }, phpResults, twins.node.results)
    const difference = found ?? differenceAtEnd(nodeAnswer)
    if (difference) {
      twins.differences.set(difference, (twins.differences.get(difference) ?? 0) + 1)
      checkKept(difference, before, node, twins.node.results)
      return
    }
    const where = `after request ${index}`
    assert.deepEqual(headersOf(node, nodeAnswer), headersOf(php, phpAnswer), where)
    assert.deepEqual(node.files(), php.files(), where)
    php.keep(phpAnswer.setCookies)
    node.keep(nodeAnswer.setCookies)
  }
}

type Files = ReturnType<Side['files']>

/** Whatever ours does otherwise, it loses nothing by it, and has a reason. */
function checkKept(difference: DifferenceCode, before: Files, node: Side, results: readonly OwnResult[]): void {
  const after = node.files()
  const damaged = Object.keys(before).filter((name) => !isDecodable(before[name]!.bytes))
  assert.deepEqual(pick(after, damaged), pick(before, damaged), 'what was damaged stays as it is')
  const whole = Object.keys(after).filter((name) => !damaged.includes(name))
  for (const name of whole) assert.ok(isDecodable(after[name]!.bytes), `${name} was left whole`)
  if (difference !== 'unencodable-is-refused') return
  const names = results.flatMap(({ data }) => [...phpSerialize.decode(Buffer.from(data, 'base64')).keys()])
  const isReason = (name: unknown) => typeof name !== 'string' || name.includes('|') || Buffer.byteLength(name) > 127
  assert.ok(names.some(isReason), `none of ${names.join()} is a reason to refuse`)
}

function pick(files: Files, names: readonly string[]): Files {
  return Object.fromEntries(names.map((name) => [name, files[name]!]))
}

function isDecodable(bytes: string): boolean {
  return formats.some((format) => {
    try {
      return format.decode(Buffer.from(bytes, 'latin1'))
    } catch {
      return false
    }
  })
}

function ask(side: Side, { cookie, operations }: RequestPlan, name: string, settings: object): Promise<Answer> {
  const named = operations.map(([operation, values]) => [operation, values.map((value) => resolved(side, value))])
  return post(side.url, side.cookieHeader(cookie, name), JSON.stringify({ settings, operations: named }))
}

function resolved(side: Side, value: unknown): unknown {
  const isId = typeof value === 'object' && value !== null && 'id' in value && Object.keys(value).length === 1
  return isId ? side.idOf((value as { id: IdName }).id) : value
}

function compareResults(
  operations: readonly Operation[],
  { php, node }: { readonly php: Side; readonly node: Side },
  phpResults: readonly Result[],
  nodeResults: readonly OwnResult[],
): DifferenceCode | undefined {
  for (const [index, operation] of operations.entries()) {
    const theirs = phpResults[index]!
    const ours = nodeResults[index]!
    const difference = differenceOf(operation, theirs, ours)
    if (difference) return difference
    assert.deepEqual(told(node, operation, ours), told(php, operation, theirs), `operation ${index}, ${operation[0]}`)
  }
  return undefined
}

/** With ids by their number, and what is stored as it is. */
function told(side: Side, [name, arguments_]: Operation, result: Result): object {
  const { value, thrown, warnings, status, id, data } = result
  const isNewId = name === 'create_id' && typeof value === 'string'
  // An id of its own that is not in use is not counted among the others.
  const seen = isNewId ? `${arguments_[0] ?? ''} in ${value.length}` : value
  const named = name === 'id' && typeof value === 'string' ? side.known(value) : seen
  return {
    value: named === side.folder ? 'the folder' : named,
    thrown: thrown ?? null,
    warnings: warnings.map(([level, message]) => [level, message.replace(side.folder, 'the folder')]),
    status,
    id: side.known(id),
    data: Buffer.from(data, 'base64').toString(),
  }
}

/** What ours does otherwise on purpose, seen from both sides. */
function differenceOf([name]: Operation, theirs: Result, ours: OwnResult): DifferenceCode | undefined {
  const isDestroyed = theirs.warnings.some(([, message]) => message.includes('Session has been destroyed'))
  if (isDestroyed && ours.codes.includes('undecodable'))
    return name === 'decode' ? 'bad-decode-changes-nothing' : 'undecodable-is-kept'
  if (ours.thrown?.[0] === 'ERR_SESSION_DATA') return 'unencodable-is-refused'
  if (name === 'encode' && ours.codes.includes('unencodable')) return 'unencodable-is-refused'
  return undefined
}

function differenceAtEnd(answer: Answer): DifferenceCode | undefined {
  if (answer.status === 500 && answer.body.includes('ERR_SESSION_DATA')) return 'unencodable-is-refused'
  assert.equal(answer.status, 200, answer.body)
  return undefined
}

/** Dates by how far they lie ahead of the answer, as they should by what stands beside them. */
function headersOf(side: Side, { headers, setCookies, during: [from, to] }: Answer): object {
  const checked = (date: string, beside: RegExpExecArray | null): string => {
    const ahead = Number(beside?.[1])
    const sent = Date.parse(date) - ahead * 1000
    return sent >= from - (from % 1000) && sent <= to ? `${ahead} s ahead` : date
  }
  const cookies = setCookies.map((line) =>
    line
      .replace(/=([^;]*)/, (_, text: string) => {
        const id = decodeURIComponent(text.replaceAll('+', ' '))
        const isRight = text === encodeURIComponent(id).replaceAll('%20', '+').replaceAll("'", '%27')
        return `=${side.known(id)}${isRight ? '' : `, written ${text}`}`
      })
      .replace(/expires=([^;]*)/, (_, date: string) => `expires=${checked(date, /Max-Age=(\d+)/.exec(line))}`),
  )
  const { expires, pragma } = headers
  return {
    cookies,
    cache: headers['cache-control'],
    expires: expires && checked(expires, /max-age=(\d+)/.exec(headers['cache-control'] ?? '')),
    pragma,
    modified: headers['last-modified'],
  }
}

/** Ids that were not made by either side. */
function givenIds(requests: readonly RequestPlan[]): ReadonlySet<string> {
  const names = requests.flatMap(({ cookie, operations }) => [
    ...(cookie === 'jar' ? [] : cookie.map((part) => (typeof part === 'string' ? textOf(part) : part.id))),
    ...operations.flatMap(([, values]) => values.map((value) => (value as { id?: IdName } | null)?.id)),
  ])
  const texts = names.filter((name) => typeof name === 'string')
  // PHP tells an id up to its first NUL.
  return new Set(texts.flatMap((text) => [text, text.split('\0')[0]!]))
}

function textOf(part: string): string {
  return decodeURIComponent((/=([^;]*)$/.exec(part)?.[1] ?? '').replace(/%(?![0-9a-f]{2})/gi, '%25'))
}
