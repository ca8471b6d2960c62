import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type RunningDemo, runDemo, Visitor } from './running-demo.ts'
import { excerptOf } from './source-lines.ts'
import { tourSteps } from './tour/steps.ts'

const run = promisify(execFile)
const nothingYet = /Nothing yet\. Your own requests/

describe('the tour', () => {
  let demo: RunningDemo
  before(async () => {
    demo = await runDemo()
  })
  after(() => demo.stop())

  it('shows no evidence before something was done, and does not tell the answer', async () => {
    const visitor = new Visitor(demo.url)
    for (const [index, { guesses }] of tourSteps.entries()) {
      await visitor.post(`/tour/${index + 1}`, { guess: '0' })
      const { text, status } = await visitor.get(`/tour/${index + 1}`)
      assert.equal(status, 200)
      // Of the first step, asking for the page is what there is to do.
      if (index === 0) continue
      assert.match(text, nothingYet)
      assert.ok(text.includes(`Your guess: ${guesses[0].replaceAll('’', '’')} . Now do it, and see.`), text)
    }
  })

  it('shows that a first visit asks the store nothing', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.get('/tour')
    await visitor.post('/tour/1', { guess: '1' })
    const { text, setCookies } = await visitor.get('/tour/1')
    assert.match(text, /What happened: Nothing at all\./)
    assert.match(text, /GET \/tour\/1 .*The store was not asked/)
    assert.ok(!setCookies.some((line) => line.startsWith('sid')))
  })

  it('asks who has a ticket already to give it back first', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.login('alice', 'password')
    assert.match((await visitor.get('/tour/1')).text, /has a ticket already/)
    await visitor.post('/logout')
    assert.doesNotMatch((await visitor.get('/tour/1')).text, /has a ticket already/)
  })

  it('shows the login and the dashboard, one after the other', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.get('/tour/2')
    await visitor.login('alice', 'password')
    await visitor.get('/dashboard')
    const { text } = await visitor.get('/tour/2')
    assert.match(
      text,
      /POST \/login .*Write record .*303 See Other .*Set-Cookie: sid-\d+=.{4}….*GET \/dashboard .*Read record/,
    )
  })

  it('changes one character of the ticket, which then opens nothing and makes no record', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.login('alice', 'password')
    const [before, files] = [visitor.sessionCookie!, await filesIn(demo.directory)]
    assert.match((await visitor.post('/tour/tamper')).setCookies.join('\n'), /HttpOnly; SameSite=Lax$/m)
    const after = visitor.sessionCookie!
    assert.equal(after.length, before.length)
    assert.equal([...after].filter((character, index) => character !== before[index]).length, 1)
    assert.match((await visitor.get('/tour/3')).text, /POST \/tour\/tamper .*GET \/tour\/3 .*The cookie opens nothing/)
    assert.equal((await visitor.get('/dashboard')).location, '/login')
    assert.deepEqual(await filesIn(demo.directory), files)
  })

  it('refuses to change a ticket for another site’s page', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.login('alice', 'password')
    const before = visitor.sessionCookie
    const { status } = await visitor.post('/tour/tamper', {}, { origin: 'http://evil.localhost' })
    assert.deepEqual([status, visitor.sessionCookie], [403, before])
  })

  it('shows what a role in a cookie is believed for', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.get('/tour/4')
    await visitor.post('/compare', { do: 'enter' })
    await visitor.post('/compare', { do: 'role', role: 'admin' })
    await visitor.get('/compare')
    assert.match((await visitor.get('/tour/4')).text, /GET \/compare .*plain-role=admi…/)
  })

  it('shows how a session was ended from the devices', async () => {
    const [visitor, other] = [new Visitor(demo.url), new Visitor(demo.url)]
    await other.login('bertha', 'password')
    await visitor.login('bertha', 'password')
    await visitor.post('/devices/end-others')
    assert.match((await visitor.get('/tour/5')).text, /POST \/devices\/end-others .*Delete records of the user/)
    assert.equal((await other.get('/dashboard')).location, '/login')
  })

  it('shows a logout, and that the page which Back brings asks again', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.login('alice', 'password')
    await visitor.post('/logout')
    assert.match((await visitor.get('/tour/6')).text, nothingYet)
    await visitor.get('/dashboard')
    assert.match(
      (await visitor.get('/tour/6')).text,
      /POST \/logout .*Delete record .*GET \/dashboard .*Location: \/login/,
    )
  })

  it('knows where one was, on every page, until it is ended', async () => {
    const visitor = new Visitor(demo.url)
    await visitor.get('/tour/4')
    assert.match((await visitor.get('/login')).text, /You are on the tour\. Back to step 4/)
    assert.match((await visitor.get('/tour')).text, /Go on with step 4/)
    await visitor.post('/tour/end')
    assert.doesNotMatch((await visitor.get('/login')).text, /on the tour/)
  })

  it('takes no cookie that it has not written, and no step that there is not', async () => {
    for (const value of ['9.------', '3.22----', '3', '', '1.0-----\u0000', '<b>']) {
      const answer = await fetch(`${demo.url}/tour`, { headers: { cookie: `tour=${encodeURIComponent(value)}` } })
      assert.match(await answer.text(), />Begin</)
    }
    for (const step of ['0', '7', 'x', '1.5']) assert.equal((await fetch(`${demo.url}/tour/${step}`)).status, 404)
    const visitor = new Visitor(demo.url)
    await visitor.post('/tour/1', { guess: '2' })
    assert.doesNotMatch((await visitor.get('/tour/1')).text, /Your guess/)
  })

  it('quotes lines that are there', () => {
    for (const { lines, title } of tourSteps)
      for (const line of lines) assert.ok(excerptOf(line), `${title}: ${line.path} has changed`)
  })

  it('has commands that do what the steps say', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-tour-'))
    const answers: string[] = []
    for (const { elsewhere } of tourSteps) {
      // `grep` that finds nothing is an answer too.
      const script = `${elsewhere.curl.replaceAll('URL', demo.url)}\ntrue`
      answers.push((await run('sh', ['-c', script], { cwd: directory })).stdout)
    }
    rmSync(directory, { recursive: true, force: true })
    const [absent, login, tampered, shop, stolen, logout] = answers
    assert.doesNotMatch(absent!, /^set-cookie: sid/im)
    assert.match(login!, /^set-cookie: sid-\d+=[\w-]{64};.*Welcome, Alice!/ims)
    assert.match(tampered!, /^HTTP\/1\.1 303/)
    assert.match(shop!, /Staff room/)
    assert.match(stolen!, /HTTP\/1\.1 303/)
    assert.match(logout!, /^(set-cookie: sid-\d+=;.*Expires=Thu, 01 Jan 1970|)/i)
  })
})

async function filesIn(directory: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  return (await readdir(directory, { recursive: true })).sort()
}
