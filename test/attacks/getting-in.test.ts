import { skip } from '../browser/browser.ts'
import { cacheLeak } from './cache-leak.ts'
import { adoption, fixation } from './fixation.ts'
import { logoutUndone } from './races.ts'
import { dumpReplay, replayAfterLogout, scriptStealsCookie } from './theft.ts'
import { type Trials, tryAll } from './trials.ts'

const trials: Trials = {
  'fixing a session in the victim’s browser': { attack: fixation },
  'having an ID adopted that the attacker has made up': { attack: adoption },
  'stealing the cookie with a script in the page': { attack: scriptStealsCookie },
  'going on with a copied cookie after the logout': { attack: replayAfterLogout },
  'having a slow request undo the logout': { attack: logoutUndone, weak: { logout: 'record' } },
  'trying what a leaked backup holds': { attack: dumpReplay },
  'reading from a shared cache': { attack: cacheLeak },
}

tryAll(trials, { skip })
