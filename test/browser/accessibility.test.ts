import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { demoInBrowser, isAccessible } from './accessible.ts'
import { logIn, skip } from './browser.ts'

const paths = [
  '/',
  '/tour',
  '/tour/1',
  '/cookies',
  '/cookies/cellar',
  '/client-storage',
  '/compare',
  '/login',
  '/logout',
  '/functions',
  '/functions/late',
  '/requests',
  '/record',
  '/practices',
  '/lab',
  '/devices/ended',
  '/nowhere',
]

describe('before login, axe finds no fault', { skip, concurrency: 2 }, () => {
  const demo = demoInBrowser()

  for (const half of [0, 1]) {
    it(`on each ${half ? 'second' : 'first'} page of two`, async () => {
      const page = await demo.open()
      for (const path of paths.filter((_, index) => index % 2 === half)) {
        await page.goto(demo.url + path)
        await isAccessible(page)
      }
      await page.context().close()
    })
  }

  it('where a login was refused', async () => {
    const page = await demo.open()
    await logIn(page, demo.url, 'alice', 'wrong')
    await page.getByRole('alert').waitFor()
    await isAccessible(page)
    await page.context().close()
  })
})

describe('a keyboard alone', { skip }, () => {
  const demo = demoInBrowser()

  it('does for a login, an experiment and the logout', async () => {
    const page = await demo.open()
    const focused = async () => String(await page.evaluate('document.activeElement.textContent')).trim()
    const tabTo = async (name: string): Promise<void> => {
      for (let count = 0; count < 100; count++) {
        if ((await focused()) === name) return page.keyboard.press('Enter')
        await page.keyboard.press('Tab')
      }
      assert.fail(`no way to ${name}`)
    }
    await page.goto(`${demo.url}/login`)
    await page.keyboard.type('alice')
    await page.keyboard.press('Tab')
    await page.keyboard.type('password')
    await tabTo('Log in')
    await page.waitForURL('**/dashboard')
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Log out')
    await tabTo('Try the session functions')
    await page.waitForURL('**/functions')
    await tabTo('Store the three values')
    await page.waitForURL('**/functions#set')
    await page.getByText("role: 'admin'").or(page.getByText('role:"admin"')).first().waitFor()
    await tabTo('Dashboard')
    await page.waitForURL('**/dashboard')
    await tabTo('Log out')
    await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
    await page.context().close()
  })
})
