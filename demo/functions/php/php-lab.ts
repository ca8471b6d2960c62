import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cookieJar } from 'coatcheck/testing'
import { FewAtATime, TooBusy } from '../../login/few-at-a-time.ts'
import { findPhp, type PhpAnswer, runPhp } from './php-program.ts'
import { type PhpReport, phpScripts } from './php-scripts.ts'

/** What one call did in real PHP, or why it did not. */
export type PhpRun = PhpResult | { problem: string }

export interface PhpResult {
  /** In PHP's notation; undefined where the call has no value. */
  returned: string | undefined
  thrown: string | undefined
  /** Warnings and notices. */
  said: string[]
  /** Those that are about the session; undefined where PHP sends none, on the command line. */
  headers: string[] | undefined
  before: PhpFile | undefined
  after: PhpFile | undefined
  /** How many session files the visitor has now. */
  files: number
}

/** A session's file, whole: its name holds the ID. It gives no rights, and lives for minutes. */
export interface PhpFile {
  name: string
  bytes: number
  text: string
}

export interface PhpLabOptions {
  /** Default: what is found on the PATH. `false`: none. */
  program?: string | false | undefined
  clock: () => number
  /** How many have files at once. Default: 100. */
  visitors?: number
  /** How long a call may take, in milliseconds. Default: 5,000. */
  deadline?: number
}

/** One visitor's side: a folder for the files, and the cookies as a browser would hold them. */
interface PhpVisitor {
  readonly folder: string
  readonly jar: ReturnType<typeof cookieJar>
  lastAt: number
}

/** The rows say `string|false`, which an older one can't read. */
const oldestPhp = 8
const shownBytes = 4096
const url = 'http://localhost/'
const livesMs = 10 * 60_000
const mostFiles = 8
const prefix = 'coatcheck-demo-php-'

/** Real PHP, for running the same calls beside ours: fixed scripts, a private folder for each visitor, few of everything, and nothing left behind. */
export class PhpLab {
  readonly #program: string | undefined
  readonly #clock: () => number
  readonly #most: number
  readonly #deadline: number
  readonly #visitors = new Map<string, PhpVisitor>()
  readonly #few = new FewAtATime({ atOnce: 2, waiting: 16, waitingPerOrigin: 4 })
  readonly #stop = new AbortController()
  #folder: string | undefined
  #version: Promise<string | undefined> | undefined
  #sweeping: NodeJS.Timeout | undefined

  constructor({ program = findPhp(), clock, visitors = 100, deadline = 5_000 }: PhpLabOptions) {
    this.#program = program || undefined
    this.#clock = clock
    this.#most = visitors
    this.#deadline = deadline
  }

  /** Such as `8.4.24`. Undefined where there is no PHP, or none that works. Asked once. */
  get version(): Promise<string | undefined> {
    this.#version ??= this.#program ? this.#askVersion(this.#program) : Promise.resolve(undefined)
    return this.#version
  }

  /** Runs the script of that row. Undefined where there is no PHP. Never rejects: what went wrong is a sentence for the page. */
  async run(visitorId: string, name: string, form: { key: string; value: string }): Promise<PhpRun | undefined> {
    if (!this.#program || !phpScripts.has(name) || !(await this.version)) return undefined
    const program = this.#program
    try {
      return await this.#few.run(visitorId, () => this.#call(program, visitorId, name, form))
    } catch (error) {
      if (error instanceof TooBusy) return { problem: 'PHP is busy with other visitors. Try again in a moment.' }
      return { problem: 'PHP took too long, or ended early.' }
    }
  }

  /** Ends what runs, and removes every file. */
  close(): void {
    this.#stop.abort()
    clearInterval(this.#sweeping)
    this.#visitors.clear()
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
    this.#folder = undefined
  }

  async #askVersion(program: string): Promise<string | undefined> {
    try {
      const folder = this.#ownFolder()
      const { report } = await this.#ask(program, { folder, jar: cookieJar(), lastAt: 0 }, 'session_module_name', '')
      return Number.parseInt(report.version, 10) >= oldestPhp ? report.version : undefined
    } catch {
      return undefined
    }
  }

  async #call(
    program: string,
    visitorId: string,
    name: string,
    form: { key: string; value: string },
  ): Promise<PhpResult> {
    const visitor = await this.#visitor(visitorId)
    const idBefore = decoded(visitor.jar.get('PHPSESSID'))
    const before = await readFileOf(visitor, idBefore)
    const { answer, report } = await this.#ask(program, visitor, name, new URLSearchParams(form).toString())
    const cookies = answer.headers.filter((line) => /^set-cookie:/i.test(line)).map((line) => line.slice(11).trim())
    const isCommandLine = answer.headers.length === 0
    if (isCommandLine && report.id) cookies.push(`${report.name}=${encodeURIComponent(report.id)}; path=/`)
    visitor.jar.accept(url, cookies)
    const files = await this.#keepFew(visitor)
    return {
      returned: report.returned === null ? undefined : this.#withoutPaths(report.returned),
      thrown: report.thrown === null ? undefined : this.#withoutPaths(report.thrown),
      said: report.said.map((text) => this.#withoutPaths(text)),
      headers: isCommandLine ? undefined : answer.headers.filter(isAboutSessions),
      before,
      after: await readFileOf(visitor, report.id || idBefore),
      files,
    }
  }

  async #ask(
    program: string,
    { folder, jar }: PhpVisitor,
    name: string,
    form: string,
  ): Promise<{ answer: PhpAnswer; report: PhpReport }> {
    const within = this.#ownFolder()
    const answer = await runPhp(program, {
      script: join(within, 'scripts', `${name}.php`),
      within,
      savePath: folder,
      cookie: jar.header(url),
      form,
      deadline: this.#deadline,
      signal: this.#stop.signal,
    })
    return { answer, report: JSON.parse(answer.body) as PhpReport }
  }

  /** Where this machine keeps things is no page's business. */
  #withoutPaths(text: string): string {
    return this.#folder ? text.replaceAll(this.#folder, '…') : text
  }

  /** Made when it is needed first, for this user alone. */
  #ownFolder(): string {
    if (this.#stop.signal.aborted) throw new Error('PHP is not run any more')
    if (this.#folder) return this.#folder
    removeLeftovers()
    const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
    mkdirSync(join(folder, 'scripts'))
    for (const [name, text] of phpScripts) writeFileSync(join(folder, 'scripts', `${name}.php`), text)
    this.#sweeping = setInterval(() => void this.#sweep(), 60_000).unref()
    this.#folder = folder
    return folder
  }

  async #visitor(id: string): Promise<PhpVisitor> {
    await this.#sweep()
    const known = this.#visitors.get(id)
    const visitor = known ?? {
      folder: mkdtempSync(join(this.#ownFolder(), 'v-')),
      jar: cookieJar({ clock: this.#clock }),
      lastAt: 0,
    }
    visitor.lastAt = this.#clock()
    this.#visitors.delete(id)
    this.#visitors.set(id, visitor)
    await this.#sweep()
    return visitor
  }

  /** Whoever came longest ago goes first: after ten minutes, or where there are too many. */
  async #sweep(): Promise<void> {
    const now = this.#clock()
    for (const [id, { folder, lastAt }] of this.#visitors) {
      if (this.#visitors.size <= this.#most && now - lastAt < livesMs) break
      this.#visitors.delete(id)
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** The newest files; regenerated sessions leave one each time. */
  async #keepFew({ folder }: PhpVisitor): Promise<number> {
    const names = (await readdir(folder)).filter((name) => name.startsWith('sess_'))
    if (names.length <= mostFiles) return names.length
    const aged = await Promise.all(
      names.map(async (name) => ({ path: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })),
    )
    const old = aged.sort((one, other) => other.at - one.at).slice(mostFiles)
    await Promise.all(old.map(({ path }) => rm(path, { force: true })))
    return mostFiles
  }
}

/** What a killed process has left. Only folders of processes that are no more. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (!Number.isInteger(pid) || isRunning(pid)) continue
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    } catch {
      // Another user's.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function readFileOf({ folder }: PhpVisitor, id: string | undefined): Promise<PhpFile | undefined> {
  // PHP allows no other characters in the ID of a file.
  if (!id || !/^[\w,-]{1,256}$/.test(id)) return undefined
  try {
    const bytes = await readFile(join(folder, `sess_${id}`))
    const text = bytes.subarray(0, shownBytes).toString()
    return { name: `sess_${id}`, bytes: bytes.length, text: bytes.length > shownBytes ? `${text}…` : text }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** PHP encodes a comma in its cookie. */
function decoded(cookie: string | undefined): string | undefined {
  return cookie?.replaceAll(/%2c/gi, ',')
}

function isAboutSessions(line: string): boolean {
  return /^(set-cookie|expires|cache-control|pragma|last-modified):/i.test(line)
}
