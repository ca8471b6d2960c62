import assert from 'node:assert/strict'
import { type Attack, type Form, inWords, type Target, victim } from './target.ts'
import { inABrowser, type Person } from './victim.ts'

/** A slow request is at work while the victim logs out in another tab; then it saves what it has. */
export const logoutUndone: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const copied = await person.cookies()
    const tab = await person.context.newPage()
    await tab.goto(`${target.url}/dashboard`)
    const hold = target.hold()
    const slow = person.submit(target.slow)
    await hold.reached()
    await person.submit({ path: '/logout', fields: {} }, tab)
    assert.equal((await target.whoIs(copied)).userId, undefined, 'the victim is logged out')
    hold.release()
    const status = await slow
    const [holder, left] = [await target.whoIs(copied), await target.sessionsOf(victim.name)]
    return {
      succeeded: holder.userId === victim.name,
      evidence:
        `after the logout the slow request ended with ${status}; then the holder of the old cookie is ` +
        `${inWords(holder)}, and ${victim.name}’s sessions are ${left.length} in number`,
    }
  })
}

/** Two tabs change two things at the same moment. */
export const lostUpdate: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const statuses = await inTwoTabs(target, person, target.slow, target.begin)
    const [session = {}] = await target.sessionsOf(victim.name)
    const keys = [target.slow, target.begin].flatMap(({ fields }) => Object.keys(fields))
    const lost = keys.filter((key) => !(key in session))
    return {
      succeeded: lost.length > 0,
      evidence: `both were answered (${statuses.join(', ')}); the session has lost ${lost.join() || 'nothing'}`,
    }
  })
}

/** A voucher that lies in the session is redeemed in two tabs at the same moment. */
export const doubleSpend: Attack = async (target, scene) => {
  const { give, spend, paid } = target.parallel!
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    await person.submit(give)
    const statuses = await inTwoTabs(target, person, spend, spend)
    return {
      succeeded: paid() !== 10,
      evidence: `they were answered ${statuses.join(' and ')}; a voucher of 10 has paid ${paid()}`,
    }
  })
}

/** The first is held in the middle of its work until the server has begun with the other. */
async function inTwoTabs(target: Target, person: Person, first: Form, other: Form): Promise<number[]> {
  const tab = await person.context.newPage()
  await tab.goto(`${target.url}/dashboard`)
  const hold = target.hold()
  const slow = person.submit(first)
  await hold.reached()
  const arrival = target.parallel!.arrival(other.path)
  const late = person.submit(other, tab)
  await arrival
  hold.release()
  return Promise.all([slow, late])
}
