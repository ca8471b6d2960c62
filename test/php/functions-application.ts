import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { PhpSessions, type PhpSessionsOptions } from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { type Application, hosts, type Visit } from '../http/hosts.ts'

export type Page = (visit: Visit, php: PhpSessions) => ReturnType<Application> | Promise<string | undefined>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly setCookies: readonly string[]
  readonly body: string
}

export interface Served {
  readonly folder: string
  readonly url: string
  /** By PHP's names of them, such as `sess_abc`. */
  files(): { readonly [name: string]: string }
  ask(cookie?: string, path?: string): Promise<Answer>
}

/** An application whose every address is this page, on one of the hosts, with sessions in a folder of its own. */
export async function served(
  t: TestContext,
  host: string,
  page: Page,
  settings: Omit<PhpSessionsOptions, 'saveHandler'> = {},
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-php-'))
  const php = new PhpSessions({ gcProbability: 0, ...settings, saveHandler: phpFiles({ savePath: folder }) })
  const application: Application = async (visit) => {
    const reply = await page(visit, php)
    return typeof reply === 'object' ? reply : { body: reply ?? '' }
  }
  const server = hosts[host]!(application, [php], { trustProxy: [] })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    folder,
    url,
    files: () =>
      Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')])),
    async ask(cookie, path = '/') {
      const response = await fetch(url + path, { redirect: 'manual', headers: cookie === undefined ? {} : { cookie } })
      const { status, headers } = response
      return { status, headers, setCookies: headers.getSetCookie(), body: await response.text() }
    },
  }
}
