import { sharedMistakesInClocks } from './mistakes-in-clocks.ts'
import { sharedMistakesInEnds } from './mistakes-in-ends.ts'
import { sharedMistakesInTurns } from './mistakes-in-turns.ts'
import { sharedMistakesInUsers } from './mistakes-in-users.ts'
import { sharedMistakesInWriting } from './mistakes-in-writing.ts'
import type { FaultySharedStore } from './shared-store.ts'

/** Each case that takes several processes is named by one of these at least. */
export const faultySharedStores: readonly FaultySharedStore[] = [
  ...sharedMistakesInWriting(),
  ...sharedMistakesInClocks(),
  ...sharedMistakesInTurns(),
  ...sharedMistakesInUsers(),
  ...sharedMistakesInEnds(),
]
