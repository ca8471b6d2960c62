import type { Browser, Reply } from '../browser.ts'
import type { Site } from '../site.ts'

/** A visitor who has signed in as alice. */
export async function signedIn(site: Site): Promise<Browser> {
  const browser = site.browser()
  const { status } = await browser.post('/sign-in?user=alice')
  if (status !== 200) throw new Error(`sign-in answered ${status}`)
  return browser
}

export async function userOf(browser: Browser): Promise<string | null> {
  return (await browser.get('/read')).json.user ?? null
}

export async function storedValues(browser: Browser, keys: readonly string[]): Promise<Record<string, unknown>> {
  return (await browser.get(`/read?keys=${keys.join(',')}`)).json.values ?? {}
}

export async function storedValue(browser: Browser, key: string): Promise<unknown> {
  return (await storedValues(browser, [key]))[key]
}

/** `200`, `hangs`, or that the connection broke. */
export function statusText({ status }: Reply): string {
  if (status === 'hangs') return 'hangs > 5 s'
  return status === 0 ? 'no answer' : String(status)
}

export function isSuccess({ status }: Reply): boolean {
  return typeof status === 'number' && status >= 200 && status < 400
}

/** The statuses of several answers, each once, in order of size. */
export function statusTexts(replies: readonly Reply[]): string {
  return [...new Set(replies.map(statusText))].sort().join(' or ')
}
