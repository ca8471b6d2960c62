import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { AttackLab } from '../../demo/lab/attack-lab.ts'
import { givenAway } from '../../demo/lab/attacks/csrf.ts'
import type { Run } from '../../demo/lab/run.ts'
import { type RunningDemo, runDemo } from '../../demo/running-demo.ts'
import { launch, skip } from './browser.ts'

type Side = Run['side']

/** As the log of requests has it. */
const cutPair = (pair: string): string => pair.replace(/=(.{4}).+/, '=$1…')

describe('the attack lab in Chromium', { skip }, () => {
  const lab = new AttackLab({ clock: Date.now })
  let browser: Browser
  let demo: RunningDemo

  before(async () => {
    ;[browser, demo] = await Promise.all([launch(), runDemo({ attackLab: lab })])
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
  })

  /** Resolves when the page that follows is there. Each navigation is waited for, so that none is taken for the next. */
  async function follow(page: Page, act: () => Promise<unknown>): Promise<void> {
    await Promise.all([page.waitForEvent('load'), act()])
  }

  const predict = (page: Page) => follow(page, () => page.locator('#predict button').first().click())

  /** The page of an attack, with a prediction made. */
  async function open(context: BrowserContext, attack: string): Promise<Page> {
    const page = await context.newPage()
    await page.goto(`${demo.url}/lab/${attack}`)
    await predict(page)
    return page
  }

  /** Presses the button of the step that is next, or follows its link. */
  async function step(page: Page, side: Side, label: string): Promise<void> {
    const now = page.locator(`#${side} .now`)
    await follow(page, () => now.getByRole(/page/.test(label) ? 'link' : 'button', { name: label }).click())
  }

  const newestRun = (): Run => lab.runs.at(-1)!
  const textOf = async (page: Page, where: string): Promise<string> => (await page.locator(where).textContent()) ?? ''
  const verdictOf = (page: Page, side: Side) => textOf(page, `#${side} .message[role=status]`)

  it('a form of evil.localhost takes the coat with a cookie without SameSite, and not with coatcheck’s', async () => {
    const context = await browser.newContext()
    const page = await open(context, 'csrf')
    for (const side of ['off', 'on'] as const) {
      await step(page, side, 'Log in as Alice')
      const run = newestRun()
      await step(page, side, 'Visit the evil page')
      assert.equal(new URL(page.url()).hostname, 'evil.localhost')
      await follow(page, () => page.getByRole('button', { name: 'Claim my prize' }).click())
      await follow(page, () => page.getByRole('link', { name: 'Back to the lab' }).click())
      assert.ok(page.url().endsWith(`/lab/csrf#${side}`))

      const ways = await Promise.all(run.rooms.map((room) => givenAway(room)))
      const byForm = run.rooms.flatMap(({ cookieName }, index) => (ways[index]?.includes('POST') ? [cookieName] : []))
      assert.deepEqual(byForm, side === 'off' ? ['weak', 'weak-none'] : [])
      assert.match(await verdictOf(page, side), side === 'off' ? /The attack succeeded/ : /The attack failed/)
      const forged = run.evidence.filter(({ sender }) => sender === 'evil page').map(({ request }) => request)
      assert.deepEqual(forged.map(({ method, answer }) => [method, answer?.status]).at(-1), [
        'POST',
        side === 'off' ? 200 : 403,
      ])
      const cameAlong = forged.at(-1)!.cookies.map((pair) => pair.split('=')[0])
      assert.deepEqual(cameAlong.sort(), side === 'off' ? ['weak', 'weak-none', 'weak-origin', 'weak-token'] : [])
    }
    const rows = await page.locator('#off .variants tbody tr').allTextContents()
    assert.deepEqual(
      rows.map((row) => /(came along: coat gone|came along, and was refused|stayed at home)/.exec(row)?.[0]),
      [
        'came along: coat gone',
        'came along: coat gone',
        'stayed at home',
        'stayed at home',
        'came along, and was refused',
        'came along, and was refused',
      ],
    )
    await context.close()
  })

  it('a second profile with a copy of the ticket stays in after the logout, or does not', async () => {
    const owner = await browser.newContext()
    const page = await open(owner, 'theft')
    for (const side of ['off', 'on'] as const) {
      await step(page, side, 'Log in as Alice')
      const run = newestRun()
      const account = `${demo.url}${run.path}/account`
      const thief = await browser.newContext()
      const elsewhere = await thief.newPage()
      await elsewhere.goto(account)
      assert.equal(await textOf(elsewhere, 'h1'), 'Nobody is logged in')
      // As the page says: in the console of a private window.
      const ticket = await textOf(page, `#${side} .lab-part .output >> nth=0`)
      await elsewhere.evaluate(await textOf(page, `#${side} .lab-part .output >> nth=2`))
      await elsewhere.goto(account)
      assert.equal(await textOf(elsewhere, 'h1'), 'Alice’s hook')

      await step(page, side, 'Let the thief in')
      await step(page, side, 'Log out')
      await elsewhere.goto(account)
      assert.equal(await textOf(elsewhere, 'h1'), side === 'off' ? 'Alice’s hook' : 'Nobody is logged in')
      await step(page, side, 'Let the thief try again')
      assert.equal(await run.room.holderOf(ticket), side === 'off' ? 'alice' : undefined)
      assert.match(await verdictOf(page, side), side === 'off' ? /The attack succeeded/ : /The attack failed/)
      assert.ok(run.evidence.some(({ sender }) => sender === 'someone else'))
      await thief.close()
    }
    await owner.close()
  })

  /** Logs in, logs out, presses Back, and waits for that heading. */
  async function goBack(page: Page, side: Side, heading: string): Promise<void> {
    await step(page, side, 'Log in as Alice')
    assert.equal(await textOf(page, 'h1'), 'Alice’s hook')
    await follow(page, () => page.getByRole('button', { name: 'Log out' }).click())
    assert.equal(await textOf(page, 'h1'), 'You are logged out')
    // Playwright's goBack waits for a load that never comes.
    await page.evaluate('history.back()')
    await page.getByRole('heading', { name: heading }).waitFor()
  }

  it('Back after logout shows the private page again, and with the defence asks the server', async () => {
    const context = await browser.newContext()
    const page = await open(context, 'back')
    await goBack(page, 'off', 'Alice’s hook')
    await page.waitForTimeout(300)
    const weak = newestRun()
    assert.deepEqual(await weak.room.kept(), [], 'the session is over on the server')
    assert.equal(weak.evidence.at(-1)?.request.path, `${weak.path}/bye`, 'and nobody has asked since')
    await follow(page, () => page.getByRole('button', { name: 'I can read this' }).click())
    assert.match(await verdictOf(page, 'off'), /The attack succeeded/)

    await goBack(page, 'on', 'Nobody is logged in')
    const { evidence } = newestRun()
    assert.deepEqual(
      [evidence.at(-1)?.request.path.split('/').at(-1), evidence.at(-1)?.request.answer?.status],
      ['account', 401],
    )
    await follow(page, () => page.getByRole('link', { name: 'Back to the lab' }).click())
    assert.match(await verdictOf(page, 'on'), /The attack failed/)
    await context.close()
  })

  it('needs JavaScript for that defence alone, and says so', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await open(context, 'back')
    assert.match(await textOf(page, '.insight'), /needs JavaScript/)
    await goBack(page, 'on', 'Alice’s hook')

    const fixation = await open(context, 'fixation')
    for (const side of ['off', 'on'] as const) {
      for (const label of ['Plant the ticket', 'Log in as Alice', 'Let the attacker try'])
        await step(fixation, side, label)
      const run = newestRun()
      const planted = run.notes.get('cookie')!
      assert.equal(await run.room.holderOf(planted), side === 'off' ? 'alice' : undefined)
      const sent = run.evidence[1]?.request.cookies ?? []
      assert.ok(sent.includes(cutPair(planted)), `the browser sent ${planted} along: ${sent}`)
      assert.match(await verdictOf(fixation, side), side === 'off' ? /The attack succeeded/ : /The attack failed/)
    }
    for (const attack of ['guessing', 'lost-update', 'logout-undone']) {
      const other = await open(context, attack)
      for (const side of ['off', 'on'] as const) {
        await follow(other, () => other.locator(`#${side} .now button`).click())
        assert.match(
          await verdictOf(other, side),
          side === 'off' ? /The attack succeeded/ : /The attack failed/,
          attack,
        )
      }
    }
    await context.close()
  })

  it('can be used by keyboard alone', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${demo.url}/lab/logout-undone`)
    const pressNext = async (name: string) => {
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press('Tab')
        const focused = page.locator(':focus')
        if ((await focused.textContent())?.trim() === name) {
          await page.keyboard.press('Enter')
          return page.waitForLoadState()
        }
      }
      assert.fail(`"${name}" is not to be reached`)
    }
    await pressNext('No, it is back')
    await page.getByText('You predicted').waitFor()
    await pressNext('Log out in the middle')
    await page.getByText('The attack succeeded').waitFor()
    await context.close()
  })

  it('has no fault that axe finds, and no sideways scrolling, before, within and after a run', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const check = async () => {
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 1280],
        ['light', 320],
      ] as const) {
        const where = `${new URL(page.url()).pathname}, ${colorScheme}, ${width}`
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 800 })
        await page.evaluate('Promise.allSettled(document.getAnimations().map(({ finished }) => finished))')
        const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().withTags(tags).analyze()
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
          [],
          where,
        )
        const widths = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [number, number]
        assert.ok(widths[0] <= widths[1], `${where} is ${widths[0]} pixels wide`)
      }
    }
    await page.goto(`${demo.url}/lab`)
    await check()
    await page.goto(`${demo.url}/lab/csrf`)
    await check()
    await predict(page)
    await step(page, 'off', 'Log in as Alice')
    await step(page, 'off', 'Visit the evil page')
    await check()
    await follow(page, () => page.getByRole('button', { name: 'Claim my prize' }).click())
    await follow(page, () => page.getByRole('link', { name: 'Back to the lab' }).click())
    await check()
    await page.goto(`${demo.url}/lab/guessing`)
    await predict(page)
    await step(page, 'off', 'Start guessing')
    await step(page, 'on', 'Start guessing')
    await check()
    await context.close()
  })
})
