import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Application, checks, fullScale, runCheck, type Scale } from 'coatcheck/conformance'
import { places } from '../http/stores.ts'
import { describeProbe } from './describe-probe.ts'
import { type Probe, startProbe } from './probe/probe.ts'

/** What more of the same makes surer, the store having no part in it, is done in full on one store only. */
const smallScale: Scale = { ...fullScale, ids: 300, visitors: 20, anonymousRequests: 100, visits: 120 }

/** Every check, by its name, against our own application with its sessions in this store. */
export function conformanceOf(
  placeName: string,
  { scale = smallScale, only }: { readonly scale?: Scale; readonly only?: readonly string[] } = {},
): void {
  const kind = places[placeName]!
  describe(`conformance with ${placeName}`, { ...(kind.skip !== undefined && { skip: kind.skip }) }, () => {
    let probe: Probe
    let application: Application
    before(async () => {
      const place = await kind.open()
      probe = await startProbe(place)
      const storeDirectory = 'directory' in place ? `${place.directory}/sessions` : undefined
      application = new Application(describeProbe(probe, { name: placeName, storeDirectory }))
    })
    after(async () => {
      application?.close()
      await probe?.stop()
      await kind.stop?.()
    })

    for (const check of checks) {
      if (only && !only.includes(check.id)) continue
      it(check.id, async (t) => {
        const { verdict, seen } = await runCheck(check, application, scale)
        t.diagnostic(seen)
        if (verdict === 'not applicable') t.skip(seen)
        else assert.equal(verdict, 'pass', `${check.title} (${check.source}): ${seen}`)
      })
    }
  })
}
