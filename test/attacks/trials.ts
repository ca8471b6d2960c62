import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { demoTarget } from './demo-target.ts'
import { type OurTwinOptions, ourTwin } from './our-twin.ts'
import { on, setScene } from './scene.ts'
import type { Attack, Target } from './target.ts'
import { type WeakTwinOptions, weakTwin } from './weak-twin.ts'

/** An attack, and what it is tried on. */
export interface Trial {
  readonly attack: Attack
  readonly weak?: WeakTwinOptions
  readonly ours?: OurTwinOptions
  /** Why the demo can't be attacked like this. */
  readonly notOnTheDemo?: string
}

export interface Trials {
  readonly [what: string]: Trial
}

/** Runs each attack on the weak twin, where it must succeed, and on ours and the demo, where it must not. */
export function tryAll(trials: Trials, { skip }: { readonly skip?: string | undefined } = {}): void {
  describe('an attack', { skip: skip ?? false }, () => {
    const scene = setScene()
    const succeeds = (t: TestContext, attack: Attack, starting: Promise<Target>): Promise<boolean> =>
      on(starting, async (target) => {
        const { succeeded, evidence } = await attack(target, scene())
        t.diagnostic(`${succeeded ? 'succeeds' : 'fails'} on ${target.name}: ${evidence}`)
        return succeeded
      })

    for (const [what, { attack, weak, ours, notOnTheDemo }] of Object.entries(trials)) {
      describe(what, () => {
        it('succeeds on the weak twin', async (t) => {
          assert.equal(await succeeds(t, attack, weakTwin(weak)), true)
        })
        it('fails on the same application with coatcheck', async (t) => {
          assert.equal(await succeeds(t, attack, ourTwin(ours)), false)
        })
        if (notOnTheDemo) return
        it('fails on the demo', async (t) => {
          assert.equal(await succeeds(t, attack, demoTarget()), false)
        })
      })
    }
  })
}
