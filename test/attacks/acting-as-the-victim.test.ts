import { skip } from '../browser/browser.ts'
import { crossSiteForm, forcedLogout, loginAsAttacker, siblingForm } from './csrf.ts'
import { tossing } from './fixation.ts'
import { doubleSpend, lostUpdate } from './races.ts'
import { type Trials, tryAll } from './trials.ts'

const trials: Trials = {
  'posting from another site': { attack: crossSiteForm },
  'posting from a sibling of the same site': { attack: siblingForm },
  'logging the victim out from a sibling': { attack: forcedLogout },
  'logging the victim in as the attacker': { attack: loginAsAttacker },
  'planting the attacker’s own session from a sibling host, over https': {
    attack: tossing,
    weak: { secure: true },
    ours: { secure: true },
    notOnTheDemo: 'tests start it over plain http',
  },
  'losing a change of one of two tabs': { attack: lostUpdate, notOnTheDemo: 'its session holds one thing to change' },
  'spending a voucher in two tabs': { attack: doubleSpend, notOnTheDemo: 'it has no money' },
}

tryAll(trials, { skip })
