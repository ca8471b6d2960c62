import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { launch, logIn } from '../test/browser/browser.ts'
import { startDemo } from './server-process.ts'

/**
 * Makes the pictures of the README, from the demo as it is: `npx tsx demo/screenshots.ts`.
 */
const pictures = fileURLToPath(new URL('../docs/images/', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'coatcheck-pictures-'))
mkdirSync(pictures, { recursive: true })
const demo = await startDemo(directory, 3000)
const browser = await launch()
try {
  const take = async (name: string, prepare: (page: Page) => Promise<unknown>) => {
    const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1280, height: 920 } })
    const page = await context.newPage()
    await prepare(page)
    await page.screenshot({ path: `${pictures}${name}.png` })
    await context.close()
  }

  await take('requests', async (page) => {
    await logIn(page, demo.url, 'alice', 'password')
    await page.goto(`${demo.url}/requests`)
    await page.getByText('POST /login').evaluate((line) => line.closest('section')?.scrollIntoView())
  })

  await take('dashboard', async (page) => {
    await page.goto(`${demo.url}/login`)
    await page.getByRole('button', { name: 'Leave an umbrella' }).click()
    await logIn(page, demo.url, 'alice', 'password')
    await page.waitForURL('**/dashboard')
  })
} finally {
  await browser.close()
  await demo.end('SIGTERM')
  rmSync(directory, { recursive: true, force: true })
}
