import { explore, type Violation } from './explorer.ts'
import { kinds, type RequestKind } from './request-kinds.ts'
import { type StageName, stage } from './stages.ts'
import { type Faults, type Scenario, World } from './world.ts'

/** Requests that are tried with one another, in every number of them, from one stage. */
export interface Family {
  readonly stage: StageName
  readonly requests: readonly RequestKind[]
  /** At least one of each combination is one of these. Default: any. */
  readonly about?: readonly RequestKind[]
  readonly size: 1 | 2 | 3
  readonly faults?: Faults
  readonly isOneProcess?: boolean
  readonly settings?: Scenario['settings']
}

export interface Visited {
  readonly scenarios: { readonly name: string; readonly interleavings: number }[]
  readonly interleavings: number
  readonly violations: readonly (Violation & { readonly scenario: string })[]
}

/** Visits each combination of a family. */
export async function visit({ faults = {}, isOneProcess = false, settings = {}, ...family }: Family): Promise<Visited> {
  const scenarios: { name: string; interleavings: number }[] = []
  const violations: (Violation & { scenario: string })[] = []
  const from = await stage(family.stage)
  for (const chosen of combinations(family.requests, family.size)) {
    if (family.about && !chosen.some((kind) => family.about!.includes(kind))) continue
    const name = `${family.stage}: ${chosen.map((kind) => kind.name).join(' | ')}`
    const found = await explore(() => World.start({ stage: from, kinds: chosen, faults, isOneProcess, settings }))
    scenarios.push({ name, interleavings: found.interleavings })
    violations.push(...found.violations.map((violation) => ({ ...violation, scenario: name })))
  }
  return { scenarios, violations, interleavings: scenarios.reduce((sum, each) => sum + each.interleavings, 0) }
}

/** In which one kind may come twice. */
export function* combinations<T>(items: readonly T[], size: number, from = 0): Iterable<T[]> {
  if (size === 0) yield []
  else
    for (let index = from; index < items.length; index++) {
      for (const rest of combinations(items, size - 1, index)) yield [items[index]!, ...rest]
    }
}

const k = kinds

/** The ones that differ most: tried with every fault, and three at a time. */
export const essential: readonly RequestKind[] = [
  k.look,
  k.write,
  k.update,
  k.exclusiveIncrement,
  k.destroy,
  k.sharedSignIn,
  k.revokeAll,
  k.regenerate,
]

const onAnySession: readonly RequestKind[] = [
  ...essential,
  k.readOnly,
  k.writeLater,
  k.overwrite,
  k.exclusiveOverwrite,
  k.sum,
  k.exclusiveUpdate,
  k.updateAndDestroy,
  k.exclusiveDestroy,
  k.signOutKeeping,
  k.signIn,
  k.signInWriting,
  k.signInAndUpdate,
  k.signInElsewhere,
  k.changePassword,
  k.firstWrite,
  k.lookWithout,
]

const stragglers: readonly RequestKind[] = [k.straggle, k.straggleWriting, k.straggleDestroying, k.straggleSigningIn]

/** What is asked for at each stage. */
export const requestsAt: { readonly [Name in StageName]: readonly RequestKind[] } = {
  anonymous: onAnySession,
  'half signed in': [...essential, k.completeSignIn, k.completeSignInLater, k.beginSignIn, k.signInAsOther],
  'signed in': [...onAnySession, k.signInAsOther, k.revokeOthers, k.revoke, k.updateListed, ...stragglers],
  'rotation due': [...essential, k.navigate, k.navigateWriting, k.navigateLater, k.lookLater, k.writeLater],
  'rotation due, older data': [k.navigate, k.sum, k.exclusiveIncrement, k.update, k.write, k.destroy, k.sumAndUpdate],
  rotated: [...essential, ...stragglers, k.lookLater, k.navigate],
  'rotated and seen': [...essential, ...stragglers],
}

/** Handlers that go to the store before they end, or that decide which keys go on. */
export const halfWay = {
  pending: [k.pendingAndUpdate, k.overwriteAndUpdate, k.sumAndUpdate],
  saving: [k.save, k.sumAndSave],
  keeping: [k.signInKeepingNothing],
  navigating: [k.navigateSaving],
} as const
