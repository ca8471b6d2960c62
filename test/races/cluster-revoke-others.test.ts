import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { Sessions } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { signedInCookie } from 'coatcheck/testing'
import { initial, type Shop } from '../http/application.ts'
import { openDirectory, type Place, places } from '../http/stores.ts'

/* Found by the mixed load: each of two devices signs out all others at the same moment. Each was told that the other is out. */

const host = 'localhost:3000'

/** Both have read the user's file before either writes it: the store waits for the disk in between. */
function openSlowly(): Place {
  const { directory, remove } = openDirectory()
  return { store: fileStore(join(directory, 'sessions'), { fsync: true }), remove }
}

const kinds: typeof places = { ...places, 'fileStore, fsync': { open: openSlowly } }

for (const [name, place] of Object.entries(kinds)) {
  it(`ends both of two devices that sign out everywhere else at once, with ${name}`, {
    skip: place.skip ?? false,
  }, async (t) => {
    const { store, remove } = await place.open()
    const sessions = new Sessions<Shop>({ store, initial })
    t.after(async () => {
      // None of the requests below comes to its end.
      await sessions.close({ within: '1ms' })
      await store.close?.()
      remove()
      await place.stop?.()
    })
    const open = (cookie: string) => {
      const request = {}
      const header = (name: string) => (name === 'cookie' ? cookie : undefined)
      sessions.attach(request, { method: 'POST', host, secure: false, isAborted: false, header, onClose() {} })
      return sessions.open(request, { mode: 'shared' })
    }
    for (let round = 0; round < 10; round++) {
      const user = `alice${round}`
      const url = `http://${host}`
      const devices = [await signedInCookie(sessions, user, { url }), await signedInCookie(sessions, user, { url })]
      const opened = await Promise.all(devices.map(open))
      await Promise.all(opened.map((session) => sessions.ofUser(user).revokeAll({ except: session })))
      const after = await Promise.all(devices.map(open))
      const users = after.map(({ userId }) => userId)
      assert.deepEqual(users, [undefined, undefined])
    }
  })
}
