import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { checks, type Report, runConformance } from 'coatcheck/conformance'
import { describeWeakServer, startWeakServer, type WeakServer } from './weak-server.ts'

describe('a server that makes every mistake', () => {
  let server: WeakServer
  let report: Report
  before(async () => {
    server = await startWeakServer()
    const scale = { ids: 300, races: 24, visitors: 8, anonymousRequests: 20, visits: 60 }
    report = await runConformance(describeWeakServer(server), { scale })
  })
  after(() => server?.stop())

  it('fails every check, and passes none', () => {
    const others = report.results.filter(({ verdict }) => verdict !== 'fail').map(({ id, seen }) => [id, seen])
    assert.deepEqual(others, [])
    assert.deepEqual(report.totals, { pass: 0, fail: checks.length, 'not applicable': 0 })
  })

  it('fails them for what it does, not for a check that could not be finished', () => {
    const unfinished = report.results.filter(({ seen }) => seen.includes('could not be finished'))
    assert.deepEqual(unfinished, [])
  })

  const telling: readonly (readonly [id: string, seen: RegExp])[] = [
    ['id.strict', /it was adopted/],
    ['id.cookie-only', /\?sid=/],
    ['cookie.name-exact', /%63onnect\.sid/],
    ['cookie.delete-matches', /still has it after the logout/],
    ['life.regen-login', /the id from before is signed in/],
    ['life.logout-kills', /the id is still signed in/],
    ['life.no-resurrection', /alive again in \d+ orders/],
    ['life.no-empty-key', /shared by two/],
    ['life.idle', /a second after, it is alive/],
    ['net.no-bleed', /a visitor was shown/],
    ['csrf.fetch-metadata', /cross-site.*stored/],
    ['user.revoke-authz', /the victim’s session ended/],
    ['store.hashed-id', /the store holds a live cookie’s value/],
    ['log.lifecycle', /a visitor has written a line of the log/],
    ['store.fs', /a link is followed|64\d on/],
    ['id.entropy128', /fewer than 128/],
  ]
  for (const [id, seen] of telling) {
    it(`is told what was seen of ${id}`, () => {
      assert.match(report.results.find((result) => result.id === id)?.seen ?? '', seen)
    })
  }
})
