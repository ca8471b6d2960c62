import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStore, fileStore } from 'coatcheck/stores/file'
import { runDemo } from '../../demo/running-demo.ts'
import { Pause } from './application.ts'
import { filesIn } from './running-twin.ts'
import { storeReader } from './store-reader.ts'
import type { Target } from './target.ts'

/** Server Sessions Demo as it is, on a store that can be made slow. */
export async function demoTarget({ clock = Date.now }: { clock?: () => number } = {}): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-demo-'))
  const pause = new Pause()
  const store = fileStore(directory)
  const slowStore: FileStore = {
    ...store,
    async write(...call) {
      await pause.pass()
      return store.write(...call)
    },
  }
  const { url, stop } = await runDemo({ store: slowStore, directory, clock })
  const reader = storeReader(store, clock)
  const coat = (coat: string) => ({ path: '/coat', fields: { coat } })
  return {
    name: 'the demo',
    url,
    cookieName: (at = url) => reader.cookieName(at),
    begin: coat('a raincoat'),
    change: coat('a top hat'),
    async isChanged() {
      const held = await reader.sessionsOf('admin')
      return held.some((data) => 'coat' in data && data.coat === 'a top hat')
    },
    slow: coat('an umbrella'),
    hold: () => pause.hold(),
    puzzle: [
      { path: '/functions/set', fields: {} },
      { path: '/functions/set-key', fields: { key: 'username', value: 'admin' } },
      { path: '/functions/set-key', fields: { key: 'user_id', value: '2' } },
    ],
    async upload(content) {
      writeFileSync(join(directory, 'photo'), content)
      return '../../photo'
    },
    whoIs: async (cookieHeader, at = url) => reader.whoIs(cookieHeader, at),
    sessionsOf: async (userId) => reader.sessionsOf(userId),
    dump: () => filesIn(directory),
    async populate(count) {
      let cookie = ''
      for (let number = 0; number < count; number++) cookie = await reader.signIn(`user${number}`, url)
      return cookie
    },
    async stop() {
      pause.release()
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
