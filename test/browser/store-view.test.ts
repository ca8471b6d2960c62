import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { SessionId } from 'coatcheck'
import { type FileStore, fileStore } from 'coatcheck/stores/file'
import { memoryStore } from 'coatcheck/stores/memory'
import type { Browser, Page } from 'playwright-core'
import { type RunningDemo, runDemo } from '../../demo/running-demo.ts'
import { launch, logIn, skip } from './browser.ts'

describe('the store view', { skip }, () => {
  let browser: Browser
  let demo: RunningDemo
  let store: FileStore
  let directory: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-store-view-'))
    store = fileStore(directory)
    ;[browser, demo] = await Promise.all([launch(), runDemo({ store, directory })])
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const ids = () =>
    readdirSync(`${directory}/records`, { recursive: true, encoding: 'utf8' }).flatMap(
      (name) => /sess_([0-9a-f]{64})$/.exec(name)?.[1] ?? [],
    ) as SessionId[]

  /** The one record whose data says so. */
  function recordOf(username: string): { id: SessionId; text: string } {
    for (const id of ids()) {
      const text = readFileSync(store.pathOf(id), 'utf8')
      if (text.includes(`\nusername:"${username}"`)) return { id, text }
    }
    throw new Error(`no record of ${username}`)
  }

  async function loggedIn(username: string, options = {}): Promise<Page> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await logIn(page, demo.url, username, 'password')
    await page.waitForURL('**/dashboard')
    return page
  }

  it('shows the bytes that lie on the disk, but for shortened hashes, on its own page and on the dashboard', async () => {
    const page = await loggedIn('bytes')
    const { id, text } = recordOf('bytes')
    for (const path of ['/dashboard', '/record']) {
      await page.goto(demo.url + path)
      assert.deepEqual(await linesOf(page), text.replaceAll(/"([\w-]{8})[\w-]{8,}"/g, '"$1…"').split('\n'))
      const facts = (await page.locator('#record .facts').first().textContent()) ?? ''
      assert.ok(facts.includes(`records/${id.slice(0, 2)}/sess_${id.slice(0, 8)}…, ${Buffer.byteLength(text)} bytes`))
      assert.ok(facts.includes(`${/"version":"(.{8})/.exec(text)?.[1]}…`))
      assert.match((await page.locator('.record-data').textContent()) ?? '', /username: 'bytes'/)
      assert.ok(!(await page.content()).includes(directory))
    }
    await page.context().close()
  })

  it('says plainly that nothing is stored, before there is anything and after a logout in another tab', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${demo.url}/record`)
    await page.getByText('No record: nothing is stored for you.').waitFor()
    const tab = await context.newPage()
    await logIn(tab, demo.url, 'leaving', 'password')
    await tab.waitForURL('**/dashboard')
    await page.locator('.lines').getByText('username:"leaving"').waitFor()
    assert.match((await page.locator('#record').textContent()) ?? '', /By POST \/login, .*: a new record was made/)
    await tab.getByRole('button', { name: 'Log out' }).click()
    await page.getByText('No record: nothing is stored for you.').waitFor()
    const shown = (await page.locator('#record').textContent()) ?? ''
    assert.match(shown, /By POST \/logout, .*: the record was deleted.*data\.username is gone/)
    assert.doesNotMatch(shown, /"leaving"/, 'what is gone is not shown to whoever comes next')
    assert.equal(await page.locator('.lines').count(), 0)
    await context.close()
  })

  it('leaves nothing private on a dashboard that is open in another tab at the logout', async () => {
    const page = await loggedIn('elsewhere')
    await page.locator('[data-is-live]').waitFor()
    const tab = await page.context().newPage()
    await tab.goto(`${demo.url}/logout`)
    await tab.locator('main').getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL('**/login')
    await page.context().close()
  })

  it('follows what other tabs change, and what is changed behind its back', async () => {
    const page = await loggedIn('watched')
    await page.goto(`${demo.url}/record`)
    await page.locator('[data-is-live]').waitFor()
    await page.evaluate(
      `fetch('/coat', { method: 'POST', body: new URLSearchParams({ coat: 'a top hat' }), redirect: 'manual' })`,
    )
    await page.locator('.lines').getByText('coat:"a top hat"').waitFor()
    assert.match((await page.locator('.changes').first().textContent()) ?? '', /^data\.coat is new Is: "a top hat"$/)

    await store.delete(recordOf('watched').id, { now: Date.now(), signal: AbortSignal.timeout(2_000) })
    await page.getByText('No record: nothing is stored for you.').waitFor()
    await page.context().close()
  })

  it('counts down, shows who waits for the turn, and waits for nobody itself', async () => {
    const page = await loggedIn('patient')
    await page.goto(`${demo.url}/record`)
    const left = page.locator('[data-seconds-left]').first()
    const first = await left.textContent()
    await page
      .locator('[data-seconds-left]')
      .first()
      .and(page.locator(`:not(:text-is("${first}"))`))
      .waitFor()

    const { id } = recordOf('patient')
    const now = Date.now()
    const held = await store.lockAndRead(id, { now, signal: AbortSignal.timeout(5_000), leaseMs: 30_000 })
    await page.evaluate(
      `fetch('/coat', { method: 'POST', body: new URLSearchParams({ coat: 'an umbrella' }), redirect: 'manual' })`.replace(
        'fetch',
        'void fetch',
      ),
    )
    await page.getByText('No request of this process has it to itself; 1 waits for it.').waitFor()
    await page.reload()
    await page.getByText('1 waits for it.').waitFor()
    await held?.lock.release()
    await page.getByText('none waits for it.').waitFor()
    await page.locator('.lines').getByText('coat:"an umbrella"').waitFor()
    await page.context().close()
  })

  it('does not make the session last longer, however often it is looked at', async () => {
    let now = Date.now()
    const another = await runDemo({ clock: () => now })
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await logIn(page, another.url, 'idle', 'password')
      await page.waitForURL('**/dashboard')
      await page.goto(`${another.url}/record`)
      for (let minutes = 0; minutes < 4; minutes++) {
        now += 8 * 60_000
        await page.getByRole('link', { name: 'Refresh' }).click()
      }
      await page.getByText('No record: nothing is stored for you.').waitFor()
    } finally {
      await context.close()
      await another.stop()
    }
  })

  it('works without JavaScript, and on a store that keeps no files', async () => {
    const inMemory = await runDemo({ store: memoryStore(), directory: undefined })
    const context = await browser.newContext({ javaScriptEnabled: false })
    try {
      const page = await context.newPage()
      await logIn(page, inMemory.url, 'memory', 'password')
      await page.waitForURL('**/dashboard')
      await page.goto(`${inMemory.url}/record`)
      assert.match((await linesOf(page)).join('\n'), /^\{"id":"[0-9a-f]{8}…","version":".{8}…".*\nusername:"memory"\n/s)
      await page.getByRole('link', { name: 'Refresh' }).click()
      await page.getByRole('heading', { name: 'As it is stored' }).waitFor()
    } finally {
      await context.close()
      await inMemory.stop()
    }
  })
})

/** The raw lines, without the places where they may break. */
async function linesOf(page: Page): Promise<string[]> {
  const lines = await page.locator('.lines dd > div').allTextContents()
  return lines.map((line) => line.replaceAll(/, (?=")/g, ','))
}
