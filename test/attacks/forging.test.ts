import { pathTraversal, prototypePollution, tampering } from './forgery.ts'
import { guessing } from './guessing.ts'
import { puzzling } from './puzzling.ts'
import { tryAll } from './trials.ts'

// The victim need not be there, nor a browser.
tryAll({
  'changing cookies to get more rights': { attack: tampering },
  'leading the server to another file': { attack: pathTraversal },
  'polluting prototypes through what is stored': { attack: prototypePollution, notOnTheDemo: 'it takes no JSON' },
  'guessing IDs': { attack: guessing },
  'puzzling a login together from another step': { attack: puzzling },
})
