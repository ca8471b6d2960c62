import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { type DemoProcess, startDemo } from '../../demo/server-process.ts'
import { launch, logIn, skip } from './browser.ts'

describe('best practices in Chromium', { skip }, () => {
  let browser: Browser
  let plain: DemoProcess
  let encrypted: DemoProcess
  let directory: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-practices-'))
    ;[browser, plain, encrypted] = await Promise.all([
      launch(),
      startDemo(`${directory}/http`),
      startDemo(`${directory}/https`, 0, ['--https']),
    ])
  })
  after(async () => {
    await browser?.close()
    await Promise.all([plain?.end('SIGKILL'), encrypted?.end('SIGKILL')])
    rmSync(directory, { recursive: true, force: true })
  })

  /** What is found out about a practice, as a reader sees it. */
  async function found(page: Page, practice: string): Promise<string> {
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: practice }) })
    return ((await row.getByRole('cell').last().textContent()) ?? '').trim()
  }

  async function judged(url: string, options = {}): Promise<Page> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options })
    const page = await context.newPage()
    await page.goto(`${url}/login`)
    await page.getByRole('button', { name: 'Leave an umbrella' }).click()
    await logIn(page, url, 'alice', 'password')
    await page.waitForURL('**/dashboard')
    await page.goto(`${url}/practices`)
    return page
  }

  it('with HTTPS off, two cells say no, and how to switch it on', async () => {
    const page = await judged(plain.url)
    assert.match(await found(page, 'Use HTTPS'), /^No.*npm start -- --https/)
    assert.match(await found(page, 'Set secure'), /^No.*npm start -- --https/)
    assert.match(await found(page, 'Set httponly'), /^Yes.*; HttpOnly.*looked into document\.cookie: it is not there/)
    assert.match(
      await found(page, 'session_regenerate_id'),
      /^Yes.*The server tried the old one at once: it was refused/,
    )
    await page.context().close()
  })

  it('with HTTPS on, both say yes', async () => {
    const page = await judged(encrypted.url)
    assert.match(await found(page, 'Use HTTPS'), /^Yes/)
    assert.match(await found(page, 'Set secure'), /^Yes Your ticket came as __Host-sid=.{4}…; .*; Secure/)
    assert.match(await found(page, 'Set httponly'), /^Yes.*it is not there/)
    assert.match(await found(page, 'session_regenerate_id'), /^Yes.*it was refused/)
    assert.match(await found(page, 'Check where a form comes from'), /^Yes/)
    const [cookie] = (await page.context().cookies()).filter(({ name }) => name === '__Host-sid')
    assert.ok(cookie?.secure && cookie.httpOnly)
    await page.context().close()
  })

  it('are judged without JavaScript as well, but for what a script would see', async () => {
    const page = await judged(plain.url, { javaScriptEnabled: false })
    assert.match(await found(page, 'Set httponly'), /^Yes Your ticket came as .*; HttpOnly; SameSite=Lax\.$/)
    await page.context().close()
  })

  it('can’t be fooled: a ticket that scripts can read is found by one', async () => {
    const page = await judged(plain.url)
    const { port } = new URL(plain.url)
    const forged = `sid-${port}=readable`
    await page.addInitScript(`Object.defineProperty(document, 'cookie', { get: () => 'theme=dark; ${forged}' })`)
    await page.reload()
    assert.match(await found(page, 'Set httponly'), /But a script of this page can read it!$/)
    await page.context().close()
  })
})
