import { clocks } from './clocks.ts'
import { competing } from './competing.ts'
import { destroying } from './destroying.ts'
import { ends } from './ends.ts'
import { people } from './people.ts'
import type { ProcessCase } from './process-case.ts'
import { sharing } from './sharing.ts'
import { turns } from './turns.ts'

/** The part of the store contract that only several processes can break, fact by fact. */
export const processCases: readonly ProcessCase[] = [
  ...sharing,
  ...competing,
  ...clocks,
  ...destroying,
  ...turns,
  ...people,
  ...ends,
]
