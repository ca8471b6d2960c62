import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Sessions } from 'coatcheck'
import { signedInCookie } from 'coatcheck/testing'
import { initial, type Shop } from '../http/application.ts'
import { places } from '../http/stores.ts'

/* Found by the mixed load: each of two devices signs out all others at the same moment. Each was told that the other is out. */

const host = 'localhost:3000'

for (const [name, place] of Object.entries(places)) {
  it(`ends both of two devices that sign out everywhere else at once, with ${name}`, async (t) => {
    const { store, remove } = place()
    const sessions = new Sessions<Shop>({ store, initial })
    t.after(() => {
      sessions.close()
      remove()
    })
    const devices = [await signedInCookie(sessions, 'alice', { url: `http://${host}` })]
    devices.push(await signedInCookie(sessions, 'alice', { url: `http://${host}` }))
    const open = (cookie: string) => {
      const request = {}
      const header = (name: string) => (name === 'cookie' ? cookie : undefined)
      sessions.attach(request, { method: 'POST', host, secure: false, isAborted: false, header, onClose() {} })
      return sessions.open(request, { mode: 'shared' })
    }
    const opened = await Promise.all(devices.map(open))
    await Promise.all(opened.map((session) => sessions.ofUser('alice').revokeAll({ except: session })))
    const after = await Promise.all(devices.map(open))
    assert.deepEqual(
      after.map(({ userId }) => userId),
      [undefined, undefined],
    )
  })
}
