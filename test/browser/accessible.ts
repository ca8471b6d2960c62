import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { type DemoProcess, startDemo } from '../../demo/server-process.ts'
import { launch } from './browser.ts'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

interface Look {
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
  /** What can differ from the look before. Default: everything is looked at. */
  readonly rules?: string[]
}

const looks: Readonly<Record<string, Look>> = {
  light: { colorScheme: 'light', width: 1280 },
  dark: { colorScheme: 'dark', width: 1280, rules: ['color-contrast', 'link-in-text-block'] },
  '320 pixels': { colorScheme: 'light', width: 320 },
}

/** The demo in a process of its own, and a browser, for the tests of one suite. */
export function demoInBrowser(): { readonly url: string; open: (options?: BrowserContextOptions) => Promise<Page> } {
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
  return {
    get url() {
      return demo.url
    },
    open: async (options) => (await browser.newContext(options)).newPage(),
  }
}

/** That axe finds no fault of WCAG 2.2 AA in light, in dark and at 320 pixels, and that nothing scrolls sideways. */
export async function isAccessible(page: Page): Promise<void> {
  const { pathname } = new URL(page.url())
  for (const [name, { width, rules, ...media }] of Object.entries(looks)) {
    const where = `${pathname} in ${name}`
    await page.emulateMedia(media)
    await page.setViewportSize({ width, height: 800 })
    // A colour that is still on its way from light to dark has no contrast to speak of.
    await page.evaluate('Promise.allSettled(document.getAnimations().map(({ finished }) => finished))')
    // Without frames, the legacy mode finds the same, and opens no page of its own for it.
    const axe = new AxeBuilder({ page }).setLegacyMode()
    const { violations } = await (rules ? axe.withRules(rules) : axe.withTags(tags)).analyze()
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
    assert.deepEqual(found, [], where)
    const [content, window] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [
      number,
      number,
    ]
    assert.ok(content <= window, `${where} is ${content} pixels wide`)
  }
  assert.equal(await page.locator('h1').count(), 1, pathname)
}
