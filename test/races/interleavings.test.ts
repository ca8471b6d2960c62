import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explore } from './interleavings/explorer.ts'
import { mistakes } from './interleavings/faulty.ts'
import { holds, isAll } from './interleavings/holds.ts'
import { kinds } from './interleavings/request-kinds.ts'
import { essential, type Family, halfWay, requestsAt } from './interleavings/scenarios.ts'
import { type StageName, stage } from './interleavings/stages.ts'
import { type Faults, World } from './interleavings/world.ts'

/*
 * The real core over a store whose calls wait until they are let go: every order of the calls of two or three requests,
 * with requests that stop, answers that are lost, leases that run out and time that passes. What must hold is in
 * `interleavings/invariants.ts`.
 *
 * By default all pairs, and the triples that matter most. INTERLEAVINGS=all visits every triple and every pair with every
 * fault, and prints each scenario:
 *
 *   INTERLEAVINGS=all node --import tsx --test test/races/interleavings.test.ts
 */

const minute = 60_000
const stages = ['anonymous', 'half signed in', 'signed in', 'rotation due', 'rotated', 'rotated and seen'] as const

const faulty: readonly (readonly [what: string, faults: Faults])[] = [
  ['one that stops for ever', { stops: 1 }],
  ['a lost answer', { losses: 1 }],
  ['a call that is made later than its caller thinks', { lates: 1 }],
  ['a lease that runs out', { leases: 1 }],
  ['time that passes: the grace', { clock: [31_000] }],
  ['time that passes: the idle timeout', { clock: [31 * minute] }],
]

/** What is tried with every fault, and, where all is asked for, three at a time. */
const shortAt: { readonly [Name in StageName]?: Family['requests'] } = {
  anonymous: essential,
  'half signed in': [kinds.completeSignIn, kinds.completeSignInLater, kinds.revokeAll, kinds.destroy, kinds.update],
  'signed in': essential,
  'rotation due': [kinds.navigate, kinds.navigateWriting, kinds.lookLater, kinds.update, kinds.destroy],
  rotated: [kinds.straggle, kinds.straggleWriting, kinds.lookLater, kinds.update, kinds.regenerate],
  'rotated and seen': [kinds.straggle, kinds.straggleWriting, kinds.look, kinds.update, kinds.regenerate],
}

describe('every order of the store calls of', { timeout: isAll ? 7_200_000 : 110_000 }, () => {
  for (const name of stages) {
    it(`two requests: ${name}`, (t) => holds(t, { stage: name, requests: requestsAt[name], size: 2 }))
  }

  for (const [what, faults] of faulty) {
    it(`two requests, with ${what}`, (t) => {
      const names: readonly StageName[] = isAll ? stages : ['signed in', 'rotation due']
      const requestsOf = (name: StageName) => (isAll ? requestsAt[name] : shortAt[name]) ?? []
      return holds(t, ...names.map((name): Family => ({ stage: name, requests: requestsOf(name), size: 2, faults })))
    })
  }

  it('two requests in one process, which queue up there first', (t) =>
    holds(t, {
      stage: 'signed in',
      requests: isAll ? requestsAt['signed in'] : essential,
      size: 2,
      isOneProcess: true,
    }))

  it('three requests', (t) => {
    if (isAll) return holds(t, ...stages.map((name): Family => ({ stage: name, requests: requestsAt[name], size: 3 })))
    const { update, exclusiveIncrement, destroy, regenerate, revokeAll, sharedSignIn, navigate, navigateLater } = kinds
    return holds(
      t,
      { stage: 'anonymous', requests: [update, exclusiveIncrement, destroy, sharedSignIn], size: 3 },
      { stage: 'signed in', requests: [exclusiveIncrement, regenerate, revokeAll], size: 3 },
      { stage: 'rotation due', requests: [navigate, navigateLater, destroy], size: 3 },
    )
  })

  if (isAll) {
    for (const [what, faults] of faulty) {
      it(`three requests, with ${what}`, (t) =>
        holds(t, ...stages.map((name): Family => ({ stage: name, requests: shortAt[name] ?? [], size: 3, faults }))))
    }
    it('two requests, with one that stops, a lost answer and time that passes', (t) =>
      holds(
        t,
        ...stages.map((name): Family => {
          const faults = { stops: 1, losses: 1, clock: [31_000] }
          return { stage: name, requests: shortAt[name] ?? [], size: 2, faults }
        }),
      ))
  }
})

describe('a handler that goes to the store half-way', { timeout: 110_000 }, () => {
  const beside = [kinds.update, kinds.overwrite, kinds.sum, kinds.exclusiveIncrement, kinds.write]
  const family = (about: Family['requests'], more: Partial<Family> = {}): Family => ({
    stage: 'anonymous',
    requests: [...about, ...beside],
    about,
    size: 2,
    ...more,
  })

  it('loses no change to an update while its own edits are pending, or an event tells', (t) =>
    holds(t, family(halfWay.pending)))

  it('stores nothing more once a save was refused', (t) =>
    holds(
      t,
      family(halfWay.saving, {
        requests: [...halfWay.saving, ...beside, kinds.exclusiveOverwrite],
        faults: { leases: 1 },
      }),
    ))

  it('adds once what may have been stored', (t) => {
    const about = [kinds.sumAndUpdate, kinds.sumAndSave]
    return holds(t, family(about, { requests: [...about, kinds.write], faults: { losses: 1 } }))
  })

  it('keeps the old cookie alive until a later request confirms the new one', (t) => {
    const requests = [kinds.navigateSaving, kinds.look, kinds.navigate]
    return holds(t, { stage: 'rotation due', requests, about: halfWay.navigating, size: 2, faults: { stops: 1 } })
  })

  it('counts from the initial value where the stored data is older than the key', (t) =>
    holds(t, { stage: 'rotation due, older data', requests: requestsAt['rotation due, older data'], size: 2 }))
})

describe('a sign-in that names the keys to keep', () => {
  it('passes on no other, though another request has stored it meanwhile', (t) =>
    holds(t, {
      stage: 'anonymous',
      requests: [kinds.signInKeepingNothing, kinds.write, kinds.update, kinds.sum],
      about: halfWay.keeping,
      size: 2,
    }))
})

describe('an exploration', () => {
  it('visits as many interleavings as there are when each is run to its end', async () => {
    const from = await stage('signed in')
    const start = () => World.start({ stage: from, kinds: [kinds.write, kinds.update, kinds.destroy], faults: {} })
    const merged = await explore(start)
    const single = await explore(start, { merges: false })
    assert.equal(merged.interleavings, single.interleavings)
    assert.ok(merged.runs < single.runs)
  })
})

describe('an exploration finds', () => {
  for (const { name, breaks, requests, faults = {}, settings = {}, openStore, ...mistake } of mistakes) {
    it(`${name}: ${breaks}`, async () => {
      const from = await stage(mistake.stage)
      const { violations } = await explore(() =>
        World.start({ stage: from, kinds: requests, faults, settings, openStore }),
      )
      const found = violations.map(({ guarantee }) => guarantee)
      assert.ok(found.includes(breaks), `it has found ${found.join(', ') || 'nothing'}`)
    })
  }
})
