import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { type DemoProcess, startDemo } from '../../demo/server-process.ts'
import { launch, launchWithoutCookies, logIn, skip } from './browser.ts'

describe('a visit in Chromium', { skip }, () => {
  let browser: Browser
  let demo: DemoProcess
  let directory: string

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-visit-'))
    ;[browser, demo] = await Promise.all([launch(), startDemo(directory)])
  })
  after(async () => {
    await browser?.close()
    await demo?.end('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  const records = () =>
    readdirSync(`${directory}/records`, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /sess_[0-9a-f]{64}$/.test(name),
    )

  it('goes from the home page through a killed server to a logout that lasts', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const problems: string[] = []
    // The page listens to the server that is killed below, which Chromium cannot leave unsaid.
    const isOfTheKill = /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/
    page.on('console', (message) => {
      if (message.type() === 'error' && !isOfTheKill.test(message.text())) problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(String(error)))

    await page.goto(demo.url)
    assert.equal(await page.title(), 'Server Sessions Demo')
    assert.deepEqual(await context.cookies(), [])
    await page.getByRole('link', { name: 'Go to Login Page' }).click()
    await page.getByLabel('Username').fill('admin')
    await page.getByLabel('Password').fill('secret')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/dashboard')
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Welcome, Admin!')
    assert.ok(!String(await page.evaluate('document.cookie')).includes('sid'))

    await demo.end('SIGKILL')
    demo = await startDemo(directory, demo.port)
    await page.reload()
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Welcome, Admin!')
    const tab = await context.newPage()
    await tab.goto(`${demo.url}/dashboard`)
    assert.equal(await tab.getByRole('heading', { level: 1 }).textContent(), 'Welcome, Admin!')
    await tab.close()

    const saved = await context.cookies()
    const session = saved.find(({ name }) => name.startsWith('sid'))!
    assert.deepEqual([session.httpOnly, session.sameSite, session.path, session.expires], [true, 'Lax', '/', -1])
    assert.equal(records().length, 1)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
    assert.equal(records().length, 0)
    assert.ok(!(await context.cookies()).some(({ name }) => name.startsWith('sid')))

    // Restored from the back/forward cache, the page asks the server again. Playwright's goBack waits for a load that never comes.
    await page.evaluate('history.back()')
    await page.waitForURL('**/login')
    assert.ok(!(await page.content()).includes('Welcome'))

    const thief = await browser.newContext()
    await thief.addCookies(saved)
    const stolen = await thief.newPage()
    await stolen.goto(`${demo.url}/dashboard`)
    assert.equal(new URL(stolen.url()).pathname, '/login')
    assert.deepEqual(problems, [])
    await Promise.all([context.close(), thief.close()])
  })

  it('another profile is not logged in, and a copied cookie is until its owner logs out', async () => {
    const owner = await browser.newContext()
    const page = await owner.newPage()
    await logIn(page, demo.url, 'alice', 'password')
    await page.waitForURL('**/dashboard')

    const other = await browser.newContext()
    const elsewhere = await other.newPage()
    await elsewhere.goto(`${demo.url}/dashboard`)
    assert.equal(new URL(elsewhere.url()).pathname, '/login')
    await other.addCookies((await owner.cookies()).filter(({ name }) => name.startsWith('sid')))
    await elsewhere.goto(`${demo.url}/dashboard`)
    assert.equal(await elsewhere.getByRole('heading', { level: 1 }).textContent(), 'Welcome, Alice!')

    await page.getByRole('button', { name: 'Log out' }).click()
    await elsewhere.reload()
    assert.equal(new URL(elsewhere.url()).pathname, '/login')
    await Promise.all([owner.close(), other.close()])
  })

  it('works without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await logIn(page, demo.url, 'bob', 'wrong')
    await page.getByRole('alert').waitFor()
    assert.equal(await page.getByLabel('Username').inputValue(), 'bob')
    assert.equal(await page.getByLabel('Password').inputValue(), '')
    assert.equal(await page.locator(':focus').getAttribute('name'), 'password')

    await page.getByRole('button', { name: 'Leave a top hat' }).click()
    await logIn(page, demo.url, 'bob', 'password')
    await page.waitForURL('**/dashboard')
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Welcome, Bob!')
    assert.match(
      (await page.locator('main').textContent()) ?? '',
      /Before login your cookie began with .{4}….*it was refused/,
    )

    await page.getByRole('button', { name: 'dark' }).click()
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
    assert.equal(new URL(page.url()).pathname, '/dashboard')

    await page.goto(`${demo.url}/client-storage`)
    await page.getByText('JavaScript is off').waitFor()
    await page.goto(`${demo.url}/logout`)
    await page.locator('main').getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
    await page.goto(`${demo.url}/dashboard`)
    assert.equal(new URL(page.url()).pathname, '/login')
    await context.close()
  })

  it('tells a browser that blocks cookies why it is not logged in', async () => {
    const context = await launchWithoutCookies(`${directory}-profile`)
    const page = await context.newPage()
    await logIn(page, demo.url, 'admin', 'secret')
    await page.waitForURL('**/login?cookie=missing')
    assert.match(
      (await page.getByRole('alert').textContent()) ?? '',
      /your browser did not send the cookie back, because/,
    )
    await context.close()
    rmSync(`${directory}-profile`, { recursive: true, force: true })
  })

  it('runs the functions, with the result beside each', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${demo.url}/functions`)
    const run = async (section: string, button: string) => {
      await page.locator(`#${section}`).getByRole('button', { name: button }).click()
      await page.waitForURL(`**/functions#${section}`)
      return (await page.locator(`#${section} .result`).textContent()) ?? ''
    }
    assert.match(await run('start', 'Start'), /isStored: false/)
    assert.match(await run('set', 'Store the three values'), /Set-Cookie.*lab-\d+=.{4}…; Path=\/; HttpOnly/)
    assert.match(await run('read', 'Read'), /'alice'/)
    assert.match(await run('isset', 'Check'), /Returnedtrue/)
    await page.locator('#isset').getByLabel('Key').fill('temp_data')
    assert.match(await run('isset', 'Check'), /Returnedfalse/)
    await run('large', 'Store 100 KB')
    assert.match((await page.locator('#now').textContent()) ?? '', /64 bytes, whatever is stored.*102,402 characters/s)
    assert.match(await run('regenerate', 'Regenerate'), /the old cookie is dead/)
    assert.match(await run('destroy', 'Destroy'), /There is no file/)
    await page.getByRole('link', { name: 'Send output, then start a session' }).click()
    assert.match(
      (await page.getByRole('alert').textContent()) ?? '',
      /ERR_SESSION_SETTLED.*must come before the first byte/,
    )
    await context.close()
  })

  it('sets, reads and deletes in the browser’s own storage', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    for (const storage of ['localStorage', 'sessionStorage']) {
      await page.goto(`${demo.url}/client-storage`)
      const card = page.getByRole('region', { name: storage })
      await card.getByRole('button', { name: 'Set' }).click()
      assert.equal(await page.evaluate(`${storage}.getItem('favourite')`), 'duffle coat')
      await page.reload()
      await card.getByRole('button', { name: 'Read' }).click()
      assert.match((await card.locator('output').textContent()) ?? '', /is "duffle coat"$/)
      await card.getByRole('button', { name: 'Delete' }).click()
      assert.equal(await page.evaluate(`${storage}.length`), 0)
    }
    await page.goto(`${demo.url}/cookies`)
    await page.getByRole('button', { name: 'Set a cookie of 5,000 bytes' }).click()
    assert.match(
      (await page.getByRole('status').textContent()) ?? '',
      /The server sent 5,000 bytes. Your browser brought back 0/,
    )
    await context.close()
  })
})
