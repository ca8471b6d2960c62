import { mkdirSync, writeFileSync } from 'node:fs'
import { type Browser, type BrowserContext, type Page, chromium as playwright } from 'playwright-core'
import { chromium } from '../needs.ts'

/** Why there is no browser to test with, or undefined. */
export const { path, skip } = chromium()

// With the back/forward cache, as people have it: Playwright switches it off, and a test of Back would pass wrongly.
const options = {
  executablePath: path,
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}

export function launch(): Promise<Browser> {
  return playwright.launch(options)
}

/** A browser whose settings say "block all cookies", with its profile in that directory. */
export function launchWithoutCookies(profile: string): Promise<BrowserContext> {
  mkdirSync(`${profile}/Default`, { recursive: true })
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  writeFileSync(`${profile}/Default/Preferences`, JSON.stringify(preferences))
  return playwright.launchPersistentContext(profile, options)
}

export async function logIn(page: Page, url: string, username: string, password: string): Promise<void> {
  await page.goto(`${url}/login`)
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}
