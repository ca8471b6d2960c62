import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser } from 'playwright-core'
import { type DemoProcess, startDemo } from '../../demo/server-process.ts'
import { launch, skip } from './browser.ts'

for (const javaScriptEnabled of [true, false]) {
  describe(`the two shops in Chromium, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, { skip }, () => {
    let browser: Browser
    let demo: DemoProcess
    let directory: string

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'coatcheck-shops-'))
      ;[browser, demo] = await Promise.all([launch(), startDemo(directory)])
    })
    after(async () => {
      await browser?.close()
      await demo?.end('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    })

    /** The files of the sessions on the server. */
    const records = () =>
      readdirSync(`${directory}/records`, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /sess_[0-9a-f]{64}$/.test(name),
      )

    /** What the server keeps of this visitor, the only one. */
    function stored(): { role: string; credit: number; cart: string[] } | undefined {
      const [file] = records()
      const line = file && readFileSync(`${directory}/records/${file}`, 'utf8').match(/^customer:(.*)$/m)?.[1]
      return line ? JSON.parse(line) : undefined
    }

    it('each experiment changes the cookie shop, and none the session shop', async () => {
      const context = await browser.newContext({ javaScriptEnabled })
      const page = await context.newPage()
      const problems: string[] = []
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
      page.on('pageerror', (error) => problems.push(String(error)))
      const press = async (section: string, button: string) => {
        await page.locator(`#${section}`).getByRole('button', { name: button }).click()
        await page.waitForURL('**/compare#*')
      }
      const shop = (section: string, kind: 'cookies' | 'session') => page.locator(`#${section} .of-${kind}.shop`)
      const cookies = async () =>
        Object.fromEntries((await context.cookies(`${demo.url}/compare`)).map(({ name, value }) => [name, value]))
      const ticketName = `shop-${demo.port}`

      await page.goto(`${demo.url}/compare`)
      await press('shops', 'Enter both shops')
      const ticket = (await cookies())[ticketName] ?? ''
      assert.equal(ticket.length, 64)
      assert.deepEqual(stored(), { name: 'robin', role: 'user', credit: 50, cart: [] })

      // 1. An edited role, and an edited ticket.
      await press('role', 'Send the edited cookie')
      assert.equal((await cookies())['plain-role'], 'admin')
      await shop('role', 'cookies').getByText('Staff room.').waitFor()
      await shop('role', 'session').getByText('Nothing has changed').waitFor()
      assert.equal(await shop('role', 'session').getByText('Staff room.').count(), 0)
      assert.equal(stored()?.role, 'user')
      await press('role', 'Change one character of it')
      assert.notEqual((await cookies())[ticketName], ticket)
      await shop('role', 'session').getByText('Nobody is in, and no record was made').waitFor()
      assert.equal(records().length, 1)
      await press('role', 'Change the character back')
      assert.equal((await cookies())[ticketName], ticket)

      // 2. A cart that no cookie holds: the browser drops it, and keeps the one from before.
      await press('bytes', 'Put ten hats in both carts')
      await press('size', 'Put 600 umbrellas in both carts')
      assert.equal((await cookies())['plain-cart'], Array(10).fill('hat').join('.'))
      assert.match((await shop('size', 'cookies').textContent()) ?? '', /10 hats.*as 5,450 bytes.*brought 50 bytes/)
      await shop('size', 'cookies').getByText('Dropped, and nobody was told').waitFor()
      await shop('size', 'session').getByText('All there').waitFor()
      assert.equal(stored()?.cart.length, 610)
      assert.equal((await cookies())[ticketName], ticket)

      // 3. What the browser sends is what the page measured.
      const [request] = await Promise.all([page.waitForRequest('**/compare'), page.reload()])
      const sent = ((await request.allHeaders()).cookie ?? '').split('; ')
      const size = (start: RegExp) => sent.filter((pair) => start.test(pair)).join('; ').length
      assert.match(
        (await page.locator('.bytes tbody tr').last().textContent()) ?? '',
        new RegExp(`${size(/^(plain|signed)-/)} bytes${size(/^shop-/)} bytes`),
      )

      // 4. Yesterday's cookies buy again, the signed one too.
      await press('rollback', 'Keep a copy of my cookies')
      await press('rollback', 'Pay 20')
      assert.equal((await cookies())['plain-credit'], '30')
      assert.match(await page.getByLabel('Your copy').inputValue(), /plain-credit=50/)
      await press('rollback', 'Put the copy back')
      assert.equal((await cookies())['plain-credit'], '50')
      assert.equal(await page.getByText('Paid, and has it back').count(), 2)
      assert.equal(stored()?.credit, 30)
      await press('rollback', 'Send both edited cookies')
      assert.match((await cookies())['signed-credit'] ?? '', /^5000\./)
      await page.locator('#rollback').getByText('refused: the signature').waitFor()
      assert.equal(stored()?.credit, 30)

      // 5. A copy after the log-out.
      await press('copy', 'Keep a copy, then log out of both')
      assert.deepEqual(records(), [])
      assert.deepEqual(
        Object.keys(await cookies()).filter((name) => /^(plain|signed|shop)-/.test(name)),
        [],
      )
      await press('copy', 'Put both copies back')
      assert.deepEqual((({ 'plain-customer': name, [ticketName]: back }) => [name, back])(await cookies()), [
        'robin',
        ticket,
      ])
      await shop('copy', 'cookies').getByText('A log-out that logged nobody out').waitFor()
      await shop('copy', 'session').getByText('Refused: the record is gone').waitFor()
      assert.deepEqual(records(), [])
      assert.deepEqual(problems, [])
      await context.close()
    })
  })
}
