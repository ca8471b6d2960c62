import assert from 'node:assert/strict'
import { type Attack, attacker, type EvilOrigin, inWords, type Scene, type Target, victim } from './target.ts'
import { inABrowser, type Person, whilePosting } from './victim.ts'

/** A page of another site posts a form in the victim's name. */
export const crossSiteForm: Attack = (target, scene) => changeFrom('crossSite', target, scene)

/** A page of a sibling does: the same site by a browser's rules, so that SameSite cookies are sent. */
export const siblingForm: Attack = (target, scene) => changeFrom('sibling', target, scene)

/** A page of a sibling logs the victim out. */
export const forcedLogout: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const cookies = await person.cookies()
    const said = await post(target, scene, person, 'sibling', '/logout', {})
    const left = await person.cookies()
    return {
      succeeded: (await target.whoIs(left)).userId !== victim.name,
      evidence: `${said}; the victim is ${inWords(await target.whoIs(left))}${left === cookies ? '' : ', with other cookies'}`,
    }
  })
}

/** A page of another site logs the victim in, as the attacker: what the victim then types in is the attacker's to read. */
export const loginAsAttacker: Attack = async (target, scene) => {
  return inABrowser(target, scene, async (person) => {
    const { name: username, password } = attacker
    const said = await post(target, scene, person, 'crossSite', '/login', { username, password })
    const holder = await target.whoIs(await person.cookies())
    return {
      succeeded: holder.userId === attacker.name,
      evidence: `${said}; in the victim’s browser is now ${inWords(holder)}`,
    }
  })
}

async function changeFrom(origin: EvilOrigin, target: Target, scene: Scene) {
  return inABrowser(target, scene, async (person) => {
    await person.logIn()
    const { path, fields } = target.change
    const said = await post(target, scene, person, origin, path, fields)
    const succeeded = await target.isChanged()
    await person.page.goto(`${target.url}/dashboard`)
    await person.submit(target.change)
    assert.ok(await target.isChanged(), 'from a page of the application it is possible')
    return {
      succeeded,
      evidence: `${said}; the victim’s data is ${succeeded ? 'changed' : 'as it was'}`,
    }
  })
}

/** The victim opens the attacker's page and presses its button. Says what became of it. */
async function post(
  target: Target,
  { evil }: Scene,
  { page }: Person,
  origin: EvilOrigin,
  path: string,
  fields: { readonly [name: string]: string },
): Promise<string> {
  const action = target.url + path
  await page.goto(evil.page(evil[origin], action, fields))
  const button = page.getByRole('button', { name: 'Win a coat' })
  const answer = await whilePosting(page, action, () => button.click())
  const { cookie = '' } = await answer.request().allHeaders()
  const which = cookie.includes(`${target.cookieName()}=`) ? 'with the session cookie' : 'without the session cookie'
  return `the POST of ${evil[origin]} to ${path} went ${which} and was answered ${answer.status()}`
}
