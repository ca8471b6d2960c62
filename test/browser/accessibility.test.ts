import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { type DemoProcess, startDemo } from '../../demo/server-process.ts'
import { launch, logIn, skip } from './browser.ts'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const paths = [
  '/',
  '/cookies',
  '/client-storage',
  '/login',
  '/logout',
  '/functions',
  '/functions/late',
  '/requests',
  '/nowhere',
]

type Look = Parameters<Page['emulateMedia']>[0] & { width: number }

const looks: Record<string, Look> = {
  light: { colorScheme: 'light', width: 1280 },
  dark: { colorScheme: 'dark', width: 1280 },
  '320 pixels': { colorScheme: 'light', width: 320 },
}

describe('every page', { skip, concurrency: 3 }, () => {
  let browser: Browser
  let demo: DemoProcess
  let directory: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-looks-'))
    ;[browser, demo] = await Promise.all([launch(), startDemo(directory)])
  })
  after(async () => {
    await browser?.close()
    await demo?.end('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  async function check(page: Page): Promise<void> {
    const { pathname } = new URL(page.url())
    for (const [name, { width, ...media }] of Object.entries(looks)) {
      const where = `${pathname} in ${name}`
      await page.emulateMedia(media)
      await page.setViewportSize({ width, height: 800 })
      // A colour that is still on its way from light to dark has no contrast to speak of.
      await page.evaluate('Promise.allSettled(document.getAnimations().map(({ finished }) => finished))')
      // Without frames, the legacy mode finds the same, and opens no page of its own for it.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(tags).analyze()
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
      )
      assert.deepEqual(found, [], where)
      const [content, window] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [
        number,
        number,
      ]
      assert.ok(content <= window, `${where} is ${content} pixels wide`)
    }
    assert.equal(await page.locator('h1').count(), 1, pathname)
  }

  it('has no fault that axe finds, and no sideways scrolling, before login', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    for (const path of paths) {
      await page.goto(demo.url + path)
      await check(page)
    }
    await logIn(page, demo.url, 'alice', 'wrong')
    await page.getByRole('alert').waitFor()
    await check(page)
    await context.close()
  })

  it('has none after login, with the longest name', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${demo.url}/login`)
    await page.getByRole('button', { name: 'Leave a raincoat' }).click()
    await logIn(page, demo.url, 'a-name-of-sixty-four-characters-without-a-single-space-in-it-1234', 'password')
    await page.waitForURL('**/dashboard')
    await check(page)
    for (const path of ['/login', '/logout', '/requests']) {
      await page.goto(demo.url + path)
      await check(page)
    }
    await page.goto(`${demo.url}/functions`)
    await page.getByRole('button', { name: 'Store the three values' }).click()
    await page.getByRole('button', { name: 'Regenerate' }).click()
    await check(page)
    await context.close()
  })

  it('can be used by keyboard alone, from the login to the logout', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${demo.url}/login`)
    await page.keyboard.type('alice')
    await page.keyboard.press('Tab')
    await page.keyboard.type('password')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/dashboard')
    await page.keyboard.press('Tab')
    assert.equal(await page.locator(':focus').textContent(), 'Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.equal((await page.locator(':focus').textContent())?.trim(), 'Log out')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
    await context.close()
  })
})
