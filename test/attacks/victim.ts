import assert from 'node:assert/strict'
import type { BrowserContext, Page, Response } from 'playwright-core'
import { logIn } from '../browser/browser.ts'
import { type Form, type Scene, type Target, victim } from './target.ts'

/** A real browser with a profile of its own, and the person in front of it. */
export interface Person {
  readonly context: BrowserContext
  readonly page: Page
  /** The Cookie header of this browser's requests to the target. */
  cookies(url?: string): Promise<string>
  logIn(url?: string): Promise<void>
  /** Fills in a form of the target and sends it, in this tab or another. Resolves to the answer's status. */
  submit(form: Form, tab?: Page): Promise<number>
}

/** Someone opens a browser, does this and that, and closes it. */
export async function inABrowser<T>(
  target: Target,
  { browser }: Scene,
  visit: (person: Person) => Promise<T>,
): Promise<T> {
  const context = await (await browser()).newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  const person: Person = {
    context,
    page,
    async cookies(url = target.url) {
      return (await context.cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ')
    },
    async logIn(url = target.url) {
      await logIn(page, url, victim.name, victim.password)
      await page.waitForURL('**/dashboard')
      // Whatever comes of an attack on nobody says nothing.
      const { userId } = await target.whoIs(await person.cookies(url), url)
      assert.equal(userId, victim.name, 'the victim is logged in')
    },
    async submit({ path, fields }, tab = page) {
      const inputs = JSON.stringify(Object.entries(fields))
      const script = `{
        const form = document.createElement('form')
        Object.assign(form, { method: 'post', action: ${JSON.stringify(target.url + path)} })
        for (const [name, value] of ${inputs}) form.append(Object.assign(document.createElement('input'), { name, value }))
        document.body.append(form)
        form.submit()
      }`
      return (await whilePosting(tab, target.url + path, () => tab.evaluate(script))).status()
    },
  }
  try {
    return await visit(person)
  } finally {
    await context.close()
  }
}

/** Resolves to the answer to a POST, when the page that follows it is there. */
export async function whilePosting(tab: Page, address: string, act: () => Promise<unknown>): Promise<Response> {
  const [answer] = await Promise.all([
    tab.waitForResponse((response) => response.url() === address && response.request().method() === 'POST'),
    tab.waitForEvent('load'),
    act(),
  ])
  return answer
}
