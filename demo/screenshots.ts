import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch } from '../test/browser/browser.ts'
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
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 1080 } })
    const page = await context.newPage()
    const take = (name: string) => page.screenshot({ path: `${pictures}${name}-${colorScheme}.png` })

    await page.goto(demo.url)
    await take('home')

    await page.goto(`${demo.url}/login`)
    await page.getByRole('button', { name: 'Leave an umbrella' }).click()
    await page.getByLabel('Username').fill('alice')
    await page.getByLabel('Password').fill('password')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/dashboard')
    await take('dashboard')

    await page.evaluate('document.getElementById("requests").scrollIntoView()')
    await take('requests')
    await context.close()
  }
} finally {
  await browser.close()
  await demo.end('SIGTERM')
  rmSync(directory, { recursive: true, force: true })
}
