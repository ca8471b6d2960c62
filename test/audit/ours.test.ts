import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { csrf } from 'coatcheck/security/csrf'
import { fileStore } from 'coatcheck/stores/file'
import { memoryStore } from 'coatcheck/stores/memory'
import { createDemo } from '../../demo/app.ts'
import { auditedOverHttps, auditOf, credentials, servedSecurely } from './audited.ts'

describe('an audit', () => {
  it('finds nothing on a small application of this library', async (t) => {
    const sessions = new Sessions({ store: memoryStore(), guards: [csrf()] })
    const application = coatcheck(sessions, async (request, response) => {
      response.setHeader('strict-transport-security', 'max-age=63072000; includeSubDomains')
      const redirect = (location: string): void => void response.writeHead(303, { location }).end()
      switch (`${request.method} ${request.url?.split('?')[0]}`) {
        case 'GET /me': {
          const { userId } = await sessions.open(request)
          return userId ? void response.end(`Hello, ${userId}`) : redirect('/login')
        }
        case 'POST /login': {
          const { username, password } = Object.fromEntries(new URLSearchParams(await bodyOf(request)))
          const session = await sessions.open(request)
          if (username !== credentials.username || password !== credentials.password) return redirect('/login')
          session.signIn(username)
          return redirect('/me')
        }
        case 'POST /logout': {
          const session = await sessions.open(request, { mode: 'shared' })
          session.signOut()
          return redirect('/')
        }
        default:
          response.end(
            '<form method=post action=/login><input name=username><input name=password type=password></form>',
          )
      }
    })
    const report = await auditedOverHttps(t, application)
    assert.deepEqual(report.findings, [])
    assert.deepEqual(report.sessionCookies, ['__Host-sid'])
    assert.deepEqual(
      report.skipped.map(({ id }) => id),
      ['plain-http'],
    )
  })

  it('finds nothing on the demo over https', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-audit-'))
    const store = fileStore(directory)
    const demo = createDemo({ store, directory })
    t.after(async () => {
      await demo.close()
      await store.close?.()
      rmSync(directory, { recursive: true, force: true })
    })
    const url = await servedSecurely(t, getRequestListener(demo.app.fetch))
    const report = await auditOf(url, { fields: { username: 'admin', password: 'secret' }, me: '/dashboard' })
    assert.deepEqual(report.findings, [])
    assert.deepEqual(
      report.skipped.map(({ id }) => id),
      ['plain-http', 'hsts'],
    )
  })
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
