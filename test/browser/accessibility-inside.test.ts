import { describe, it } from 'node:test'
import { demoInBrowser, isAccessible } from './accessible.ts'
import { logIn, skip } from './browser.ts'

describe('once something was done, axe finds no fault', { skip, concurrency: 2 }, () => {
  const demo = demoInBrowser()

  it('after a login with the longest name', async () => {
    const page = await demo.open()
    await page.goto(`${demo.url}/login`)
    await page.getByRole('button', { name: 'Leave a raincoat' }).click()
    await logIn(page, demo.url, 'anameofsixtyfourcharacterswithoutasinglespaceorhypheninit_123456', 'password')
    await page.waitForURL('**/dashboard')
    await isAccessible(page)
    for (const path of ['/', '/login', '/logout', '/requests', '/record', '/devices', '/practices', '/tour/2']) {
      await page.goto(demo.url + path)
      await isAccessible(page)
    }
    await page.goto(`${demo.url}/functions`)
    await page.getByRole('button', { name: 'Store the three values' }).click()
    await page.getByRole('button', { name: 'Regenerate' }).first().click()
    await isAccessible(page)
    await page.context().close()
  })

  it('in the lessons and shops, once the experiments have been made', async () => {
    const page = await demo.open()
    await page.goto(`${demo.url}/compare`)
    const press = (section: string, button: string) =>
      page.locator(`#${section}`).getByRole('button', { name: button }).click()
    await press('role', 'Send the edited cookie')
    await press('size', 'Put 600 umbrellas')
    await press('rollback', 'Keep a copy')
    await press('rollback', 'Pay 20')
    await press('rollback', 'Put the copy back')
    await isAccessible(page)
    await press('rollback', 'Send both edited cookies')
    await press('role', 'Change one character')
    await isAccessible(page)
    await press('role', 'Change the character back')
    await press('copy', 'then log out')
    await press('copy', 'Put both copies back')
    await isAccessible(page)

    await page.goto(`${demo.url}/cookies`)
    await page.getByRole('button', { name: 'Set 11 cookies' }).click()
    await page.getByRole('button', { name: 'Set a cookie of 4,097 bytes' }).click()
    await isAccessible(page)
    await page.goto(`${demo.url}/client-storage`)
    for (const button of ['Start counting', 'Read all that a script can read', 'Fill localStorage']) {
      await page.getByRole('button', { name: button }).click()
    }
    await isAccessible(page)
    await page.context().close()
  })
})
