import { after, before } from 'node:test'
import type { Browser } from 'playwright-core'
import { launch } from '../browser/browser.ts'
import { type EvilSite, evilSite } from './evil-site.ts'
import type { Scene, Target } from './target.ts'

/** A browser, where one is asked for, and the attacker's site, for the tests of one `describe`. To be called in a test. */
export function setScene(): () => Scene {
  let evil: EvilSite | undefined
  let browser: Promise<Browser> | undefined
  before(async () => {
    evil = await evilSite()
  })
  after(async () => {
    await Promise.all([(await browser)?.close(), evil?.stop()])
  })
  const launched = (): Promise<Browser> => {
    browser ??= launch()
    return browser
  }
  return () => ({ browser: launched, evil: evil! })
}

/** Runs something on a target that is stopped afterwards. */
export async function on<T>(starting: Promise<Target>, run: (target: Target) => Promise<T>): Promise<T> {
  const target = await starting
  try {
    return await run(target)
  } finally {
    await target.stop()
  }
}
