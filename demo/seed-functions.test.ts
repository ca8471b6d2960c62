import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { fileStore } from 'coatcheck/stores/file'
import { type Context, Hono } from 'hono'
import { type LabData, seedFunctions } from './seed-functions.ts'

type Run = (c: Context, sessions: Sessions<LabData>, console: { log: (value: unknown) => void }) => Promise<void>
// The samples are TypeScript that is JavaScript too.
const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => Run

describe('the TypeScript beside each PHP function', () => {
  it('does what its button does', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-samples-'))
    const sessions = new Sessions<LabData>({ store: fileStore(directory), initial: () => ({}) })
    const before = { user_id: 123, username: 'alice', temp_data: 'umbrella' }

    for (const { name, typescript, run, firstKey = '', firstValue = '' } of seedFunctions) {
      const said: unknown[] = []
      let [byText, byButton, returned]: [LabData, LabData, unknown] = [{}, {}, undefined]
      const app = new Hono().use(coatcheck(sessions))
      app.post('/text', async (c) => {
        const session = await sessions.open(c)
        Object.assign(session.data, before)
        const sample = name === 'start' ? typescript : `const session = await sessions.open(c)\n${typescript}`
        await new AsyncFunction('c', 'sessions', 'console', sample)(c, sessions, { log: (value) => said.push(value) })
        byText = { ...session.data }
        return c.text('')
      })
      app.post('/button', async (c) => {
        const session = await sessions.open(c)
        Object.assign(session.data, before)
        returned = run(session, { key: firstKey, value: firstValue })
        byButton = { ...session.data }
        return c.text('')
      })
      const [text, button] = await Promise.all([
        app.request('http://localhost:3000/text', { method: 'POST' }),
        app.request('http://localhost:3000/button', { method: 'POST' }),
      ])
      assert.deepEqual([text.status, button.status], [200, 200], name)
      assert.deepEqual(byText, byButton, name)
      assert.equal(text.headers.has('set-cookie'), button.headers.has('set-cookie'), name)
      if (name === 'read') assert.deepEqual(said, [returned])
      if (name === 'isset') assert.deepEqual([said, returned], [['User is logged in'], true])
    }
    sessions.close()
    rmSync(directory, { recursive: true, force: true })
  })
})
