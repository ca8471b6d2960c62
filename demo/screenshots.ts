import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
  const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1280, height: 1080 } })
  const page = await context.newPage()
  const take = (name: string) => page.screenshot({ path: `${pictures}${name}.png` })

  await page.goto(`${demo.url}/login`)
  await page.getByRole('button', { name: 'Leave an umbrella' }).click()
  await logIn(page, demo.url, 'alice', 'password')
  await page.waitForURL('**/dashboard')
  await take('dashboard')

  await page.goto(`${demo.url}/requests`)
  await page.getByText('POST /login').evaluate((line) => line.closest('li')?.closest('section')?.scrollIntoView())
  await take('requests')
} finally {
  await browser.close()
  await demo.end('SIGTERM')
  rmSync(directory, { recursive: true, force: true })
}
