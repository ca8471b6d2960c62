import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, localCertificate } from '../../demo/certificate.ts'
import { logIn } from '../browser/browser.ts'
import { attackerClient } from './attacker-client.ts'
import { evilSite } from './evil-site.ts'
import { guessLike } from './guessing.ts'
import { type Attack, attacker, type Form, inWords, type Scene, type Target, victim } from './target.ts'
import { inABrowser } from './victim.ts'

/** The attacker begins a session, plants its cookie in the victim's browser, and waits until the victim logs in on it. */
export const fixation: Attack = async (target, scene) => {
  const cookie = await begunSession(target)
  return plantAndWait(target, scene, cookie)
}

/** The same with an ID that the attacker has made up. */
export const adoption: Attack = async (target, scene) => {
  const [name, value = ''] = (await begunSession(target)).split('=')
  return plantAndWait(target, scene, `${name}=${guessLike(value)}`)
}

/** The session cookie of someone for whom the server keeps something, but whom it does not know. */
export async function begunSession(target: Target, form: Form = target.begin): Promise<string> {
  const client = attackerClient(target)
  await client.post(form)
  const value = client.jar.get(target.cookieName())
  assert.ok(value, 'the server has begun a session')
  return `${target.cookieName()}=${value}`
}

async function plantAndWait(target: Target, scene: Scene, cookie: string) {
  return inABrowser(target, scene, async (person) => {
    await person.page.goto(scene.evil.planting(`${cookie}; path=/`))
    assert.equal(await person.cookies(), cookie, 'the browser has taken the planted cookie')
    await person.logIn()
    const isReplaced = !(await person.cookies()).includes(cookie)
    const holder = await target.whoIs(cookie)
    return {
      succeeded: holder.userId === victim.name,
      evidence:
        `planted from ${new URL(scene.evil.sibling).host}; the login ${isReplaced ? 'replaced' : 'kept'} it; ` +
        `to the server the attacker, who holds it too, is ${inWords(holder)}`,
    }
  })
}

/**
 * The attacker's own session, logged in, is planted in the victim's browser by a sibling host: what the victim then types in
 * is the attacker's to read. Over https the sibling sets its cookie for the whole domain.
 */
export const tossing: Attack = async (target, scene) => {
  const isSecure = target.url.startsWith('https:')
  const evil = isSecure ? await evilSite(await temporaryCertificate()) : scene.evil
  const attributes = isSecure ? 'Path=/; Domain=shop.localhost; Secure' : 'Path=/'
  try {
    const ticket = await inABrowser(target, scene, async ({ page, cookies }) => {
      await logIn(page, target.url, attacker.name, attacker.password)
      await page.waitForURL('**/dashboard')
      return await cookies()
    })
    assert.equal((await target.whoIs(ticket)).userId, attacker.name)
    return await inABrowser(target, scene, async (person) => {
      for (const pair of ['probe=1', ...ticket.split('; ')])
        await person.page.goto(evil.planting(`${pair}; ${attributes}`))
      const planted = await person.cookies()
      assert.match(planted, /probe=1/, 'a sibling can plant cookies')
      const holder = await target.whoIs(planted)
      const name = target.cookieName()
      return {
        succeeded: holder.userId === attacker.name,
        evidence: `${new URL(evil.sibling).hostname} ${planted.includes(`${name}=`) ? 'has planted' : 'could not plant'} ${name}; the victim’s browser is ${inWords(holder)} to the server`,
      }
    })
  } finally {
    if (isSecure) await evil.stop()
  }
}

async function temporaryCertificate(): Promise<Certificate> {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-certificate-'))
  try {
    return await localCertificate(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
