import assert from 'node:assert/strict'
import { naiveCache } from './naive-cache.ts'
import { type Attack, inWords, victim } from './target.ts'
import { inABrowser } from './victim.ts'

/** Both go through one shared cache. The attacker asks for what the victim has just been shown. */
export const cacheLeak: Attack = async (target, scene) => {
  const cache = await naiveCache(target.url)
  try {
    return await inABrowser(target, scene, async (person) => {
      await person.page.goto(cache.url)
      assert.ok(cache.kept().length > 0, 'the cache keeps what it may')
      await person.logIn(cache.url)

      return await inABrowser(target, scene, async (stranger) => {
        await stranger.page.goto(`${cache.url}/login`)
        await stranger.page.goto(`${cache.url}/dashboard`)
        const holder = await target.whoIs(await stranger.cookies(cache.url), cache.url)
        const text = (await stranger.page.locator('body').textContent()) ?? ''
        const isShown = new RegExp(`Welcome, ${victim.name}`, 'i').test(text)
        return {
          succeeded: holder.userId === victim.name || isShown,
          evidence: `the cache keeps ${cache.kept().join(', ')}; the stranger is ${inWords(holder)}, and is shown ${isShown ? 'the victim’s page' : 'the login'}`,
        }
      })
    })
  } finally {
    await cache.stop()
  }
}
