import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type RunningDemo, runDemo } from '../../demo/running-demo.ts'
import { launch, skip } from './browser.ts'

describe('the tour, in Chromium', { skip }, () => {
  let browser: Browser
  let demo: RunningDemo
  before(async () => {
    ;[browser, demo] = await Promise.all([launch(), runDemo()])
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  for (const javaScriptEnabled of [true, false]) {
    it(`can be done from end to end ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
      const context = await browser.newContext({ javaScriptEnabled })
      const page = await context.newPage()
      const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
      const follow = (name: string | RegExp) => page.getByRole('link', { name }).first().click()
      await page.goto(`${demo.url}/tour`)
      await follow('Begin')

      await press('It made an empty session')
      await follow('Ask for this page again')
      await saw(page, /What happened: Nothing at all\./, /The store was not asked/)

      await follow(/^Next: A ticket and a record/)
      await press('Random characters only')
      await press('Log in as Alice')
      await follow('Back to step 2')
      await saw(page, /And so it was\./, /Set-Cookie: sid-\d+=.{4}…;/)

      await follow(/^Next: One character/)
      await press('Nobody')
      await press('Change the first character of my ticket')
      await saw(page, /And so it was\./, /The cookie opens nothing/)
      assert.equal(await page.getByText('You are not logged in').count(), 1)

      await follow(/^Next: Make yourself/)
      await press('Both')
      await follow('Go to the two shops')
      await page.getByRole('button', { name: 'Enter both shops' }).first().click()
      await page.locator('#role input[name=role]').fill('admin')
      await page.locator('#role').locator('button[value=role]').click()
      await follow('Back to step 4')
      await saw(page, /What happened: The one with the cookie\./, /plain-role=admi…/)

      await follow(/^Next: A stolen ticket/)
      await press('No, it opens nothing any more')
      await page.goto(`${demo.url}/tour/6`)
      await press('The login page')
      await press('Log in as Alice')
      await press('Log out')
      await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
      // A page that is restored from the cache does not load, and goBack() waits for a load.
      await page.goBack({ timeout: 2_000 }).catch(() => {})
      if (javaScriptEnabled) await page.waitForURL('**/login')
      else await page.goto(`${demo.url}/dashboard`)
      await follow('Back to step 6')
      await saw(page, /And so it was\./, /POST \/logout[\s\S]*GET \/dashboard/)
      await context.close()
    })
  }
})

async function saw(page: Page, guess: RegExp, evidence: RegExp): Promise<void> {
  assert.match(await page.locator('section', { has: page.locator('#guess') }).innerText(), guess)
  assert.match(await page.locator('section', { has: page.locator('#evidence') }).innerText(), evidence)
}
