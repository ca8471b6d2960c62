import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { findPhp } from '../../demo/functions/php/php-program.ts'
import { type RunningDemo, runDemo } from '../../demo/running-demo.ts'
import { launch, skip } from './browser.ts'

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const hasPhp = findPhp()?.endsWith('cgi') === true

describe('the functions, in Chromium', { skip }, () => {
  let browser: Browser
  let demo: RunningDemo

  before(async () => {
    ;[browser, demo] = await Promise.all([launch(), runDemo()])
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  async function visit(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage()
    await page.goto(`${demo.url}/functions`)
    return page
  }

  const isOpen = (page: Page, name: string) => page.locator(`#${name} details[open]`).count()

  async function run(page: Page, name: string, button: string): Promise<string> {
    await page.locator(`#${name}`).getByRole('button', { name: button }).click()
    await page.waitForURL(`**/functions#${name}`)
    return (await page.locator(`#${name} .outcome`).textContent()) ?? ''
  }

  for (const javaScriptEnabled of [true, false]) {
    it(`run, with the result beside each, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const page = await visit({ javaScriptEnabled })
      const problems: string[] = []
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
      page.on('pageerror', (error) => problems.push(String(error)))

      await run(page, 'set', 'Store the three values')
      const saved = await run(page, 'session_write_close', 'Run')
      assert.match(saved, /Returnednothing.*role:"admin".*role:"editor"/s)
      if (hasPhp) assert.match(saved, /What PHP did.*Returnedtrue.*role\|s:5:"admin";.*role\|s:6:"editor";/s)
      assert.equal(await isOpen(page, 'session_write_close'), 1)
      assert.equal(await isOpen(page, 'set'), 0)
      assert.ok(await page.locator('#session_write_close .outcome').isVisible())

      const value = `'"<?php echo 1; ?>$(id)\`id\``
      await page.locator('#set-key').getByLabel('Value').fill(value)
      const stored = await run(page, 'set-key', 'Store')
      assert.ok(stored.includes(`temp_data:${JSON.stringify(value)}`), stored)
      if (hasPhp) assert.ok(stored.includes(`temp_data|s:${value.length}:"${value}";`), stored)

      await page.locator('#session_reset summary').click()
      assert.match(
        (await page.locator('#session_reset .function-code').innerText()) ?? '',
        /No equivalent: a request reads/,
      )
      assert.deepEqual(problems, [])
      await page.context().close()
    })
  }

  it('are found by links, which open the row where there is JavaScript', async () => {
    const page = await visit()
    await page.getByRole('navigation', { name: 'Find a function' }).getByRole('link', { name: 'session_gc' }).click()
    await page.locator('#session_gc details[open]').waitFor()
    const top = "document.querySelector('#session_gc').getBoundingClientRect().top"
    assert.equal(await page.evaluate(`${top} >= 0 && ${top} < innerHeight`), true)
    await page.goto(`${demo.url}/functions#session_id`)
    await page.reload()
    assert.equal(await isOpen(page, 'session_id'), 1)
    await page.context().close()

    const without = await visit({ javaScriptEnabled: false })
    assert.match(await without.locator('.function-index').innerText(), /you open the row yourself/)
    await without.getByRole('link', { name: 'session_gc' }).click()
    assert.ok(await without.locator('#session_gc summary').isVisible())
    await without.context().close()
  })

  it('can be used by keyboard alone', async () => {
    const page = await visit()
    await page.locator('#session_status summary').focus()
    await page.keyboard.press('Enter')
    assert.equal(await isOpen(page, 'session_status'), 1)
    // Past the three code samples, which scroll by keyboard.
    for (let count = 0; count < 4; count++) await page.keyboard.press('Tab')
    assert.equal((await page.locator(':focus').textContent())?.trim(), 'Run session_status')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/functions#session_status')
    assert.match((await page.locator('#session_status .outcome').textContent()) ?? '', /Returnedfalse/)
    await page.context().close()
  })

  it('have no fault that axe finds and no sideways scrolling, with every row open', async () => {
    const page = await visit()
    await run(page, 'set', 'Store the three values')
    await run(page, 'session_set_save_handler', 'Run')
    await page.locator('#set-key').getByLabel('Key').fill('no word')
    await page.locator('#set-key').getByRole('button').click()
    await page.getByRole('alert').waitFor()
    await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`)
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 1280],
      ['light', 320],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      await page.evaluate('Promise.allSettled(document.getAnimations().map(({ finished }) => finished))')
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(tags).analyze()
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
        [],
        `${colorScheme}, ${width}`,
      )
      const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number
      assert.ok(wide <= width, `${width}: ${wide}`)
      // A button lies on nothing: neither on a title nor on a code.
      const covered = (await page.evaluate(`[...document.querySelectorAll('.function > form.bare')].filter((form) => {
        const { left, top, bottom } = form.getBoundingClientRect()
        const texts = [...form.parentElement.querySelectorAll('summary code, summary h3')]
        return texts.some((text) => {
          const range = document.createRange()
          range.selectNodeContents(text)
          return [...range.getClientRects()].some((box) => box.right > left && box.bottom > top + 1 && box.top < bottom - 1)
        })
      }).map((form) => form.parentElement.id)`)) as string[]
      assert.deepEqual(covered, [], `${width}`)
    }
    await page.context().close()
  })
})
