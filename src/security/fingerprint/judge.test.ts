import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { judge, type Seen, type Verdict } from './judge.ts'
import type { Notes } from './notes.ts'
import type { Agent } from './observe.ts'
import type { Place } from './place.ts'
import { defaultWeights } from './score.ts'

const rules = { weights: defaultWeights, rotateFrom: 30, stepUpFrom: 60 }
const [second, minute, hour] = [1_000, 60_000, 3_600_000]
const start = 1_000 * hour

const chrome: Agent = {
  isNamed: true,
  browser: 'Chrome',
  version: 140,
  os: 'Windows',
  type: 'desktop',
  language: 'de',
  hasHints: true,
}
const firefox: Agent = { ...chrome, browser: 'Firefox', version: 143 }
const older: Agent = { ...chrome, version: 139 }
const at = (network: string, more: Partial<Place> = {}): Place => ({ network, isLocated: true, ...more })
const berlin = at('203.0.113.0/24', { country: 'DE', asn: 1, point: [52, 13], seenAt: start })
const tokyo = at('198.51.100.0/24', { country: 'JP', asn: 2, point: [36, 140], seenAt: start })
const first: Notes = { agent: chrome, places: [berlin], others: [] }

/** One after the other, each with the notes of those before. */
function visits(...seen: readonly Partial<Seen>[]): Verdict[] {
  let notes = first
  return seen.map((one) => {
    const verdict = judge(rules, notes, { agent: chrome, place: berlin, now: start, ...one })
    notes = verdict.notes
    return verdict
  })
}

const outcome = ({ isHome, action, score, signals }: Verdict) => [isHome, action, score, signals.join(' ')]
const outcomes = (...seen: readonly Partial<Seen>[]) => visits(...seen).map(outcome)

describe('judge', () => {
  it('has nothing to keep of the browser that signed in', () => {
    assert.equal(visits({}, { now: start + minute })[1]?.notes, first)
  })

  it('learns a new network', () => {
    const lte = at('192.0.2.0/24', { country: 'DE', asn: 3 })
    const [moved, again] = visits({ place: lte }, { place: lte })
    assert.deepEqual([moved?.score, moved?.notes.places, again?.score], [15, [berlin, lte], 0])
  })

  it('lets a version go up, by which nobody can make the browser that signed in look older', () => {
    const forged = { agent: { ...chrome, version: 999 } }
    assert.deepEqual(
      outcomes({ agent: { ...chrome, version: 141 } }, forged, {}, forged, {}),
      Array(5).fill([true, undefined, 0, '']),
    )
  })

  it('keeps the network of the sign-in and the latest three others', () => {
    const places = Array.from({ length: 9 }, (_, index) => at(`192.0.${index}.0/24`))
    const last = visits(...places.map((place) => ({ place }))).at(-1)
    assert.deepEqual(last?.notes.places, [berlin, ...places.slice(-3)])
  })

  it('completes what was not known of the network of the sign-in', () => {
    const bare = { ...first, places: [{ network: berlin.network }] }
    const verdict = judge(rules, bare, { agent: chrome, place: berlin, now: start })
    assert.deepEqual(verdict.notes.places, [berlin])
  })

  it('learns nothing of a stranger', () => {
    const [verdict] = visits({ agent: { ...firefox, version: 999 }, place: tokyo })
    assert.deepEqual([verdict?.notes.agent, verdict?.notes.places], [chrome, [berlin]])
  })

  it('adds up what differs, and acts from 30 and from 60 points on', () => {
    assert.deepEqual(outcomes({ agent: older }), [[false, undefined, 20, 'downgrade']])
    assert.deepEqual(outcomes({ agent: { ...older, language: 'fr' } }), [[false, 'rotate', 30, 'language downgrade']])
    assert.deepEqual(outcomes({ agent: firefox }), [[false, 'rotate', 50, 'browser']])
    assert.deepEqual(outcomes({ agent: { ...firefox, language: 'fr' } }), [[false, 'step-up', 60, 'language browser']])
    const usual = { agent: { ...chrome, language: 'fr', hasHints: false }, place: at('192.0.2.0/24', { asn: 9 }) }
    assert.deepEqual(outcomes(usual), [[false, 'rotate', 35, 'language hints provider']])
  })

  it('leaves out what counts nothing', () => {
    const weights = { ...defaultWeights, browser: 0, language: 0 }
    const agent = { ...firefox, language: 'fr' }
    const verdict = judge({ ...rules, weights }, first, { agent, place: berlin, now: start })
    assert.deepEqual(outcome(verdict), [true, undefined, 0, ''])
  })

  it('does not count twice at once for one browser that went elsewhere', () => {
    const away = { ...tokyo, point: undefined as never }
    assert.deepEqual(
      outcomes({}, { place: away, now: start + second }, { place: away, now: start + 2 * second }).map(
        ([, action]) => action,
      ),
      [undefined, 'rotate', 'rotate'],
    )
  })

  it('counts two that are in use at the same time, from then on', () => {
    const [came, home, again, later] = outcomes(
      { agent: firefox },
      { now: start + 10 * second },
      { agent: firefox, now: start + 20 * second },
      { agent: firefox, now: start + hour },
    )
    assert.deepEqual(came, [false, 'rotate', 50, 'browser'])
    assert.deepEqual(home, [true, undefined, 0, ''])
    assert.deepEqual(again, [false, 'step-up', 90, 'browser concurrent'])
    assert.deepEqual(later, again)
  })

  it('knows a strange browser again, wherever it says it is, and a strange place whatever its address', () => {
    const hopping = outcomes(
      { agent: firefox },
      { now: start + second },
      { agent: firefox, place: at('192.0.2.0/24'), now: start + 2 * second },
    )
    assert.deepEqual(hopping.at(-1), [false, 'step-up', 95, 'browser network concurrent'])
    const [paris, lyon] = ['192.0.2.0/24', '198.51.100.0/24'].map((network) => at(network, { country: 'FR', asn: 2 }))
    const abroad = outcomes({ place: paris }, { now: start + second }, { place: lyon, now: start + 2 * second })
    assert.deepEqual(abroad.at(-1), [false, 'step-up', 70, 'country concurrent'])
  })

  it('does not count one that came after the browser that signed in had been there', () => {
    const late = { agent: { ...firefox, version: 1 } }
    const last = outcomes(
      { agent: firefox },
      { now: start + 10 * second },
      { ...late, now: start + 20 * second },
      { ...late, now: start + 30 * second },
    ).at(-1)
    assert.deepEqual(last, [false, 'rotate', 50, 'browser'])
  })

  it('does not count two that take turns slowly', () => {
    const scores = outcomes(
      { agent: older },
      { now: start + 3 * minute },
      { agent: older, now: start + 6 * minute },
      { now: start + 9 * minute },
      { agent: older, now: start + 12 * minute },
    ).map(([, , score]) => score)
    assert.deepEqual(scores, [20, 0, 20, 0, 20])
  })

  it('does not count one browser that has two addresses by turns', () => {
    const six = at('2001:db8::/48', { country: 'DE', asn: 7 })
    const turns = Array.from({ length: 20 }, (_, index) => ({
      place: index % 2 ? six : berlin,
      now: start + index * second,
    }))
    const verdicts = visits(...turns)
    assert.ok(verdicts.every(({ isHome }) => isHome))
    // One write for the second address, and none after.
    assert.equal(new Set(verdicts.map(({ notes }) => notes)).size, 2)
  })

  it('stays with how far one travelled when they came, however long they stay or wait', () => {
    const [came, , later] = outcomes({ place: tokyo }, {}, { place: tokyo, now: start + 20 * hour })
    assert.deepEqual(
      [came?.[3], later?.[3]],
      ['country travel', 'country travel concurrent'.replace(' concurrent', '')],
    )
    const flown = outcomes({ place: tokyo, now: start + 12 * hour }, { place: tokyo, now: start + 12 * hour + minute })
    assert.deepEqual(
      flown.map(([, , , signals]) => signals),
      ['country', 'country'],
    )
  })

  it('measures from when the browser that signed in was last there, to half an hour', () => {
    const signals = (homeAt: number): unknown =>
      outcomes({ now: homeAt }, { place: tokyo, now: start + 12 * hour }).at(-1)?.[3]
    assert.deepEqual([signals(start + 11 * hour), signals(start)], ['country travel', 'country'])
    const [soon, later] = visits({ now: start + 29 * minute }, { now: start + 30 * minute })
    assert.equal(soon?.notes, first)
    assert.deepEqual(later?.notes.places, [{ ...berlin, seenAt: start + 30 * minute }])
  })

  it('takes a browser for moved that stayed elsewhere for a day, unless the other one was there too', () => {
    const paris = at('192.0.2.0/24', { country: 'FR', asn: 2 })
    const stay = [{ place: paris }, { place: paris, now: start + 25 * hour }, { place: paris, now: start + 26 * hour }]
    assert.deepEqual(
      outcomes(...stay).map(([isHome, , score]) => [isHome, score]),
      [
        [false, 30],
        [true, 30],
        [true, 0],
      ],
    )
    assert.deepEqual(visits(...stay).at(-1)?.notes.others, [])
    const both = visits(
      { place: paris },
      { now: start + second },
      { place: paris, now: start + 2 * second },
      { place: paris, now: start + 25 * hour },
    )
    assert.equal(both.at(-1)?.action, 'step-up')
    const stranger = visits({ agent: firefox }, { agent: firefox, now: start + 25 * hour })
    assert.equal(stranger.at(-1)?.isHome, false)
  })

  it('never takes the browser that signed in, where it signed in, for a stranger, whoever else comes', () => {
    const anyone = fc.record({
      agent: fc.record({
        isNamed: fc.boolean(),
        browser: fc.constantFrom('Chrome', 'Firefox'),
        version: fc.constantFrom(1, 139, 140, 9999),
        os: fc.constantFrom('Windows', 'iOS'),
        type: fc.constantFrom('desktop', 'mobile'),
        language: fc.constantFrom('de', 'fr'),
        hasHints: fc.boolean(),
      }),
      place: fc.option(fc.constantFrom(berlin, tokyo, at('192.0.2.0/24', { country: 'DE', asn: 5 })), {
        nil: undefined,
      }),
      after: fc.constantFrom(0, second, minute, hour, 25 * hour),
    })
    fc.assert(
      fc.property(fc.array(anyone, { maxLength: 20 }), (sequence) => {
        let [notes, now] = [first, start]
        for (const { after, ...one } of sequence) {
          now += after
          notes = judge(rules, notes, { ...one, now }).notes
          const verdict = judge(rules, notes, { agent: chrome, place: berlin, now })
          assert.deepEqual(outcome(verdict), [true, undefined, 0, ''])
          notes = verdict.notes
          assert.ok(notes.places.length <= 4 && notes.others.length <= 4)
        }
      }),
    )
  })

  it('writes nothing more of the same stranger for half a minute, and remembers four', () => {
    const [one, two, three] = visits(
      { agent: firefox },
      { agent: firefox, now: start + 29 * second },
      { agent: firefox, now: start + 31 * second },
    )
    assert.equal(two?.notes, one?.notes)
    assert.notEqual(three?.notes, two?.notes)
    const many = Array.from({ length: 9 }, (_, index) => ({
      agent: { ...firefox, version: index },
      now: start + index,
    }))
    assert.deepEqual(
      visits(...many)
        .at(-1)
        ?.notes.others.map(({ since }) => since - start),
      [8, 7, 6, 5],
    )
  })

  it('notes the browser that signed in once in half a minute while a stranger is about, and not after', () => {
    const [, one, two, three, four] = visits(
      { agent: firefox },
      { now: start + second },
      { now: start + 20 * second },
      { now: start + 40 * second },
      { now: start + 5 * minute },
    )
    assert.equal(one?.notes.homeSeenAt, start + second)
    assert.equal(two?.notes, one?.notes)
    assert.equal(three?.notes.homeSeenAt, start + 40 * second)
    assert.equal(four?.notes, three?.notes)
  })
})
