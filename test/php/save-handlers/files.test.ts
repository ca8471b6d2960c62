// PHP_TIMES is how often each of five processes adds one; 3,000 unless it says otherwise.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { phpFiles } from 'coatcheck/php/files'
import { inFiles } from './files-kind.ts'
import { nodePeer, phpPeer } from './peers.ts'
import { encode } from './session-text.ts'
import { countTogether, newId, shares } from './sharing.ts'

shares({ ...inFiles, title: 'in files', imports: [], times: Number(process.env.PHP_TIMES ?? 3000) })

describe('PHP and Node on the same session files', { skip: inFiles.skip }, () => {
  it('would count wrong if Node did not lock', async (test) => {
    const { where } = await inFiles.open(test)
    const counted = await countTogether(test, where, 50, ['with-idle-flock.mjs'], 1000)
    assert.notDeepEqual(counted, { n: 250, warnings: [] })
  })

  for (const [holder, waiter] of [
    [phpPeer, nodePeer],
    [nodePeer, phpPeer],
  ] as const) {
    it(`go on when a process of ${holder === phpPeer ? 'PHP' : 'Node'} is killed that holds the lock`, async (test) => {
      const { where } = await inFiles.open(test)
      const id = newId()
      const [killed, other] = await Promise.all([holder(test, where), waiter(test, where)])
      await killed.ask('open', id)
      const waiting = other.ask('open', id)
      await killed.kill()
      assert.deepEqual(await waiting, { started: true, data: {}, warnings: [] })
    })
  }

  it('go on when a process of Node is killed that waits for the lock', async (test) => {
    const { where, handler } = await inFiles.open(test)
    const id = newId()
    const [php, node] = await Promise.all([phpPeer(test, where), nodePeer(test, where)])
    await php.ask('open', id)
    void node.ask('open', id).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    await node.kill()
    await php.ask('close')
    await (await handler.open(id)).close()
  })

  it('agree on the names and modes of files, on levels of folders too', async (test) => {
    const { where } = await inFiles.open(test)
    assert.ok('files' in where)
    for (const folder of ['a', 'a/b', 'c', 'c/d']) fs.mkdirSync(`${where.files}/${folder}`)
    for (const savePath of [where.files, `2;${where.files}`, `2;0640;${where.files}`]) {
      const php = await phpPeer(test, { files: savePath })
      await php.ask('open', 'abphp')
      await php.ask('set', { user: 'ada' })
      await php.ask('close')
      const handler = phpFiles({ savePath })
      const session = await handler.open('cdnode')
      await session.write(encode({ user: 'ada' }))
      await session.close()
      const isSpread = savePath.startsWith('2')
      const ofPhp = isSpread ? 'a/b/sess_abphp' : 'sess_abphp'
      const ofNode = isSpread ? 'c/d/sess_cdnode' : 'sess_cdnode'
      const look = (name: string) => {
        const path = join(where.files, name)
        const seen = { mode: fs.statSync(path).mode, text: fs.readFileSync(path, 'latin1') }
        fs.rmSync(path)
        return seen
      }
      assert.deepEqual(look(ofNode), look(ofPhp))
    }
  })
})
