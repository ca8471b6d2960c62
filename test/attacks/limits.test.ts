import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionEvents } from 'coatcheck'
import { fakeClock } from 'coatcheck/testing'
import { skip } from '../browser/browser.ts'
import { watch } from '../http/watching.ts'
import { attackerClient } from './attacker-client.ts'
import { crossSiteForm, siblingForm } from './csrf.ts'
import { demoTarget } from './demo-target.ts'
import { tossing } from './fixation.ts'
import { type OurTwinOptions, ourTwin } from './our-twin.ts'
import { on, setScene } from './scene.ts'
import { type Target, victim } from './target.ts'
import { inABrowser, type Person } from './victim.ts'

// What sessions can't prevent is asserted, too: whoever finds one of these failing has found something better, or worse.
describe('sessions do not prevent that', { skip }, () => {
  const scene = setScene()

  /** Whether the dashboard is shown, and not the login. */
  const visit = async ({ page }: Person, { url }: Target): Promise<boolean> => {
    await page.goto(`${url}/dashboard`)
    return new URL(page.url()).pathname === '/dashboard'
  }

  it('a copied cookie opens the session elsewhere, until its owner logs out', async () => {
    await on(demoTarget(), (target) =>
      inABrowser(target, scene(), async (owner) => {
        await owner.logIn()
        const copied = await owner.cookies()
        const thief = attackerClient(target)
        assert.equal(await thief.get('/dashboard', copied), 200)
        await owner.submit({ path: '/logout', fields: {} })
        assert.equal(await thief.get('/dashboard', copied), 303)
      }),
    )
  })

  /** The cookie is copied, time passes, and both go on: who comes first has the new cookie. */
  async function forked(
    suspicious: () => SessionEvents['suspicious'][],
    first: 'owner' | 'thief',
    options?: OurTwinOptions,
  ) {
    const clock = fakeClock()
    return on(ourTwin({ clock: clock.now, ...options }), (target) =>
      inABrowser(target, scene(), async (owner) => {
        await owner.logIn()
        return inABrowser(target, scene(), async (thief) => {
          await thief.context.addCookies(await owner.context.cookies())
          const visits = { owner: () => visit(owner, target), thief: () => visit(thief, target) }
          const late = first === 'owner' ? 'thief' : 'owner'
          clock.advance('16m')
          assert.deepEqual(
            [await visits[first](), await visits[first]()],
            [true, true],
            'replaced, and the new one in use',
          )
          assert.deepEqual(suspicious(), [])
          clock.advance('31s')
          const [isLateIn, isFirstIn] = [await visits[late](), await visits[first]()]
          return { late: isLateIn, first: isFirstIn, users: [...new Set(suspicious().map(({ userId }) => userId))] }
        })
      }),
    )
  }

  it('a copied cookie that was replaced meanwhile is no good any more, and its use is reported', async (t) => {
    const { of } = watch(t)
    assert.deepEqual(await forked(() => of('suspicious'), 'owner'), { late: false, first: true, users: [victim.name] })
  })

  it('a thief who comes first has the new cookie; the owner is logged out, and that is reported', async (t) => {
    const { of } = watch(t)
    assert.deepEqual(await forked(() => of('suspicious'), 'thief'), { late: false, first: true, users: [victim.name] })
  })

  it('… unless the use of a replaced cookie ends the session for both', async (t) => {
    const { of } = watch(t)
    const revoking = { rotation: { onReuse: 'revoke' } } as const
    const { late, first } = await forked(() => of('suspicious'), 'thief', revoking)
    assert.deepEqual([late, first], [false, false])
  })

  it('whoever holds the session’s turn keeps a logout waiting that asks for it: open it `shared`', async () => {
    await on(ourTwin({ lock: { wait: '100ms' } }), (target) =>
      inABrowser(target, scene(), async (owner) => {
        await owner.logIn()
        const [copied, thief, hold] = [await owner.cookies(), attackerClient(target), target.hold()]
        const slow = thief.send(target.slow.path, '', copied)
        await hold.reached()
        assert.equal(await owner.submit({ path: '/logout-in-turn', fields: {} }), 503)
        assert.equal((await target.whoIs(copied)).userId, victim.name)
        await owner.page.goto(`${target.url}/dashboard`)
        assert.equal(await owner.submit({ path: '/logout', fields: {} }), 303)
        assert.equal((await target.whoIs(copied)).userId, undefined)
        hold.release()
        assert.equal(await slow, 409)
      }),
    )
  })

  it('a script in the page acts in the visitor’s name while the page is open', async () => {
    await on(ourTwin(), (target) =>
      inABrowser(target, scene(), async ({ page, logIn }) => {
        await logIn()
        const body = new URLSearchParams(target.change.fields)
        const path = await target.inject?.(
          `fetch('${target.change.path}', { method: 'POST', body: new URLSearchParams('${body}') })
            .then(() => document.title = 'done')`,
        )
        await page.goto(target.url + path)
        await page.waitForFunction('document.title === "done"')
        assert.equal(await target.isChanged(), true)
      }),
    )
  })

  it('a sibling posts with the visitor’s cookie, where no guard looks: SameSite stops other sites only', async () => {
    const outcomes = []
    for (const attack of [crossSiteForm, siblingForm]) {
      outcomes.push(await on(ourTwin({ guards: [] }), async (target) => (await attack(target, scene())).succeeded))
    }
    assert.deepEqual(outcomes, [false, true])
  })

  it('over plain http, a neighbour on this machine plants its own session: there is no __Host- cookie', async (t) => {
    const { succeeded, evidence } = await on(ourTwin(), (target) => tossing(target, scene()))
    t.diagnostic(evidence)
    assert.equal(succeeded, true)
  })
})
