import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { fakeClock } from 'coatcheck/testing'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type RunningDemo, runDemo } from '../../demo/running-demo.ts'
import { launch, logIn, skip } from './browser.ts'

describe('your devices in Chromium', { skip }, () => {
  const clock = fakeClock()
  let browser: Browser
  let demo: RunningDemo

  before(async () => {
    ;[browser, demo] = await Promise.all([launch(), runDemo({ clock: clock.now })])
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  /** A profile of its own, logged in, with the page open. */
  async function opened(username: string, options = {}): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await logIn(page, demo.url, username, 'password')
    await page.waitForURL('**/dashboard')
    await page.goto(`${demo.url}/devices`)
    return { context, page }
  }

  const others = (page: Page) => page.locator('.device:not(.this-one)')

  it('end one: its open page notices by itself, and its next request lands on the login', async () => {
    const there = await opened('alice')
    const here = await opened('alice')
    const problems: string[] = []
    for (const { page } of [there, here]) {
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
      page.on('pageerror', (error) => problems.push(String(error)))
    }
    assert.equal(await others(here.page).count(), 1)
    await others(here.page)
      .getByRole('button', { name: /^End Chrom/ })
      .click()
    await here.page.getByRole('status').getByText('is logged out').waitFor()

    await there.page.waitForURL('**/login')
    await there.page.goto(`${demo.url}/dashboard`)
    assert.equal(new URL(there.page.url()).pathname, '/login')
    await here.page.goto(`${demo.url}/dashboard`)
    assert.equal(await here.page.getByRole('heading', { level: 1 }).textContent(), 'Welcome, Alice!')
    assert.deepEqual(problems, [])
    await Promise.all([there.context.close(), here.context.close()])
  })

  it('eight tabs of one browser stay live, and all notice', async () => {
    const { context, page } = await opened('tabs')
    const more = Array.from({ length: 7 }, async () => {
      const tab = await context.newPage()
      await tab.goto(`${demo.url}/devices`)
      return tab
    })
    const tabs = [page, ...(await Promise.all(more))]
    // The one that holds the stream goes, and another takes over.
    await tabs.shift()?.close()
    const here = await opened('tabs')
    await here.page.getByRole('button', { name: 'End all others (1)' }).click()
    await Promise.all(tabs.map((tab) => tab.waitForURL('**/login')))
    await Promise.all([context.close(), here.context.close()])
  })

  it('ask for the password on the spot when the login is long ago', async () => {
    const there = await opened('older')
    const here = await opened('older')
    clock.advance('6m')
    await here.page.getByRole('button', { name: 'End all others (1)' }).click()
    await here.page.getByRole('heading', { name: 'Is it still you?' }).waitFor()
    assert.equal(await here.page.locator(':focus').getAttribute('name'), 'password')
    for (const colorScheme of ['light', 'dark'] as const) {
      await here.page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page: here.page }).setLegacyMode().analyze()
      assert.deepEqual(
        violations.map(({ id }) => id),
        [],
      )
    }
    await here.page.keyboard.type('wrong')
    await here.page.keyboard.press('Enter')
    await here.page.getByRole('alert').getByText('The password is wrong.').waitFor()
    await here.page.keyboard.type('password')
    await here.page.keyboard.press('Enter')
    await here.page.getByRole('status').getByText('One other session has ended').waitFor()
    await there.page.waitForURL('**/login')
    await Promise.all([there.context.close(), here.context.close()])
  })

  it('a double click on the button ends one session, and shows no error', async () => {
    const there = await opened('clicker')
    const here = await opened('clicker')
    await others(here.page).getByRole('button', { name: /^End/ }).dblclick()
    await here.page.getByText('No other device').waitFor()
    assert.equal(await here.page.getByRole('heading', { level: 1 }).textContent(), 'Your devices')
    await Promise.all([there.context.close(), here.context.close()])
  })

  it('this one ends by keyboard, after a question', async () => {
    const { context, page } = await opened('keyboard')
    await page.getByText('End this one', { exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.equal((await page.locator(':focus').textContent())?.trim(), 'Yes, end it here')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/devices/ended')
    assert.ok(!(await context.cookies()).some(({ name }) => name.startsWith('sid')))
    await context.close()
  })

  it('work without JavaScript, and say what is missing then', async () => {
    const there = await opened('plain', { javaScriptEnabled: false })
    const here = await opened('plain', { javaScriptEnabled: false })
    await here.page.getByText('without, at the next click').waitFor()
    await others(here.page).getByRole('button', { name: /^End/ }).click()
    await here.page.getByText('is logged out').waitFor()
    await there.page.getByText('End all, this one too').waitFor({ state: 'detached' })
    await there.page.goto(`${demo.url}/devices`)
    assert.equal(new URL(there.page.url()).pathname, '/login')

    await logIn(there.page, demo.url, 'plain', 'password')
    await there.page.goto(`${demo.url}/devices`)
    await there.page.getByText('End all, this one too').click()
    await there.page.getByRole('button', { name: 'Yes, end all' }).click()
    await there.page.waitForURL('**/devices/ended')
    await here.page.goto(`${demo.url}/dashboard`)
    assert.equal(new URL(here.page.url()).pathname, '/login')
    await Promise.all([there.context.close(), here.context.close()])
  })

  it('are remembered when the browser was closed, if that was asked for', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${demo.url}/login`)
    await page.getByLabel('Remember me').check()
    await page.getByLabel('Username').fill('keeper')
    await page.getByLabel('Password').fill('password')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/dashboard')
    const cookie = (await context.cookies()).find(({ name }) => name.startsWith('sid'))
    assert.ok(cookie && cookie.expires > 0)
    await page.goto(`${demo.url}/devices`)
    await page.locator('.this-one').getByText('remembered').waitFor()
    await context.close()
  })
})
