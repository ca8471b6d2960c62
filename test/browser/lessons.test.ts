import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page, Request } from 'playwright-core'
import { type DemoProcess, startDemo } from '../../demo/server-process.ts'
import { launch, logIn, skip } from './browser.ts'

describe('the two neighbour lessons in Chromium', { skip }, () => {
  let browser: Browser
  let demo: DemoProcess
  let directory: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-lessons-'))
    ;[browser, demo] = await Promise.all([launch(), startDemo(directory)])
  })
  after(async () => {
    await browser?.close()
    await demo?.end('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  /** Of a trial cookie: whether it came back, whether a script sees it. */
  async function trial(page: Page, name: string): Promise<string[]> {
    const row = page.locator('.trials tbody tr').filter({ hasText: `${name}=` })
    return (await row.locator('td').allTextContents()).slice(0, 2)
  }

  for (const javaScriptEnabled of [true, false]) {
    const seen = (word: string) => (javaScriptEnabled ? word : 'needs JavaScript')

    it(`shows what each attribute does, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
      const context = await browser.newContext({ javaScriptEnabled })
      const page = await context.newPage()
      await page.goto(`${demo.url}/cookies`)
      assert.deepEqual(await context.cookies(), [])
      await page.getByRole('button', { name: 'Set 11 cookies' }).click()
      assert.deepEqual(await trial(page, 'try-bare'), ['Yes', seen('Yes')])
      assert.deepEqual(await trial(page, 'try-httponly'), ['Yes', seen('No')])
      assert.deepEqual(await trial(page, 'try-secure'), ['Yes', seen('Yes')])
      assert.deepEqual(await trial(page, 'try-strict'), ['Yes', seen('Yes')])
      assert.deepEqual(await trial(page, 'try-path'), ['No', seen('No')])
      assert.deepEqual(await trial(page, 'try-domain'), ['No', seen('No')])
      assert.deepEqual(await trial(page, '__Host-try'), ['Yes', seen('Yes')])
      assert.deepEqual(await trial(page, '__Host-broken'), ['No', seen('No')])

      await page.getByRole('link', { name: 'Go down to the cellar' }).click()
      await page.getByText('try-path came along').waitFor()

      await page.goto(`${demo.url}/cookies`)
      await page.getByRole('link', { name: 'Go to another site' }).click()
      await page.getByText('This name of the server has set none').waitFor()
      await page.getByRole('link', { name: 'By a link to localhost' }).click()
      await page.getByText('You came by a link of another site').waitFor()
      assert.deepEqual(await trial(page, 'try-strict'), ['No', seen('Yes')])
      assert.deepEqual(await trial(page, 'try-lax'), ['Yes', seen('Yes')])
      assert.deepEqual(await trial(page, 'try-none'), ['Yes', seen('Yes')])

      // The last size that is kept, and the first that is not.
      await page.getByRole('button', { name: 'Set a cookie of 4,097 bytes' }).click()
      assert.match((await page.getByRole('status').textContent()) ?? '', /sent 4,097 bytes.*brought back 0/)
      await page.getByRole('button', { name: 'Set a cookie of 4,096 bytes' }).click()
      assert.match((await page.getByRole('status').textContent()) ?? '', /sent 4,096 bytes.*brought back 4,096/)
      await context.close()
    })
  }

  it('lets the storages count as the table says, and nothing before one asks for it', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const counts = (at: Page) => at.locator('[data-counter]').allTextContents()
    await page.goto(`${demo.url}/client-storage`)
    assert.deepEqual(await counts(page), ['–', '–'])
    assert.equal(await page.evaluate('localStorage.length + sessionStorage.length'), 0)
    await page.getByRole('button', { name: 'Start counting' }).click()
    assert.deepEqual(await counts(page), ['1', '1'])
    await page.reload()
    assert.deepEqual(await counts(page), ['2', '2'])

    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('link', { name: 'Open in a new tab' }).click(),
    ])
    await tab.waitForLoadState()
    assert.deepEqual(await counts(tab), ['1', '3'])
    await tab.close()
    const next = await context.newPage()
    await next.goto(`${demo.url}/client-storage`)
    assert.deepEqual(await counts(next), ['1', '4'])

    const apart = await browser.newContext()
    const elsewhere = await apart.newPage()
    await elsewhere.goto(`${demo.url}/client-storage`)
    assert.deepEqual(await counts(elsewhere), ['–', '–'])
    await Promise.all([context.close(), apart.close()])
  })

  it('tells a tab of the other’s change, finds the end of the storage, and the reach of a script', async () => {
    const context = await browser.newContext()
    const [page, other] = [await context.newPage(), await context.newPage()]
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(String(error)))
    await logIn(page, demo.url, 'alice', 'password')
    await page.waitForURL('**/dashboard')
    for (const each of [page, other]) await each.goto(`${demo.url}/client-storage`)
    const requests: Request[] = []
    context.on('request', (request) => requests.push(request))

    const panel = other.getByRole('region', { name: 'localStorage' })
    await panel.getByLabel('Value').fill('<b>cape</b>')
    await panel.getByRole('button', { name: 'Set' }).click()
    await page.getByText('another tab changed favourite from nothing to "<b>cape</b>"').waitFor()

    await page.getByRole('button', { name: 'Read all that a script can read' }).click()
    const found = (await page.locator('#spied').textContent()) ?? ''
    assert.match(found, /localStorage: favourite = <b>cape<\/b>/)
    assert.doesNotMatch(found, /sid-|viewer-/)
    assert.match((await page.locator('.headers').textContent()) ?? '', /sid-\d+=.{4}…/)

    await page.getByRole('button', { name: 'Fill localStorage until it refuses' }).click()
    const [, length] =
      /It took ([\d,]+) characters.*QuotaExceededError/.exec((await page.locator('#filled').textContent()) ?? '') ?? []
    assert.ok(Number(length?.replaceAll(',', '')) > 1_000_000, length)
    assert.equal(await page.evaluate('localStorage.length'), 1)

    // What lies there was never sent.
    await page.reload()
    const sent = await Promise.all(
      requests.map(async (request) => [request.url(), await request.allHeaders(), request.postData()]),
    )
    assert.notEqual(sent.length, 0)
    assert.doesNotMatch(JSON.stringify(sent), /cape/)
    assert.deepEqual(problems, [])
    await context.close()
  })

  it('says where JavaScript is off that this lesson is about it, and what can be seen all the same', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${demo.url}/client-storage`)
    await page.getByText('JavaScript is off').waitFor()
    assert.equal(await page.locator('main button:enabled').count(), 0)
    await page.getByRole('link', { name: 'what the server sees of it' }).click()
    assert.match((await page.locator('.headers').textContent()) ?? '', /sec-fetch-site/)
    await context.close()
  })
})
