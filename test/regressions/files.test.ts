import assert from 'node:assert/strict'
import fs from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { SessionId, SessionRecord } from 'coatcheck'
import { type FileStore, fileStore } from 'coatcheck/stores/file'
import fc from 'fast-check'
import { onServer, type Serve } from '../http/serving.ts'
import { openDirectory } from '../http/stores.ts'
import { recordIdOf } from '../http/tickets.ts'
import { say, statusOf } from '../http/visitor.ts'
import { who } from './answers.ts'

const isWindows = process.platform === 'win32'

/** Values that have led out of a directory of sessions, each as the id and as the cookie. */
const escapes: { readonly [bug: string]: readonly string[] } = {
  'CVE-2025-61686 (React Router)': ['../../outside', '..%2f..%2foutside', 'outside\0', 'aaaa/../../../outside'],
  'CVE-2018-12538 (Jetty)': ['*', '../sessions/node0', 'node0_0', '1700000000_0_0.0.0.0_node0'],
  'gorilla/sessions #275 (GO-2024-2730)': ['/../../../outside', '../../../../tmp/outside', 'session_/../../outside'],
  'CVE-2018-18925 (Gogs)': ['../../outside', '..\\..\\outside', '../data/sessions/1/1/outside', 'o/../../outside'],
}

/** Every path below a directory, with what lies there. */
function tree(directory: string): { [path: string]: string } {
  return Object.fromEntries(
    fs.readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path, entry.isFile() ? fs.readFileSync(path, 'latin1') : ''] as const
    }),
  )
}

/** A directory of sessions with a file beside it that belongs to someone else. */
async function besideASecret(t: TestContext, serve: Serve) {
  const place = openDirectory()
  const outside = join(place.directory, 'outside')
  fs.writeFileSync(outside, 'someone else’s')
  const store: FileStore = place.store
  return { server: await serve(t, { place }), store, root: join(place.directory, 'sessions'), outside }
}

onServer('node', 'fileStore', (serve) => {
  for (const [bug, values] of Object.entries(escapes)) {
    it(`${bug}: no cookie and no id leads out of the directory`, async (t) => {
      const { server, store, root, outside } = await besideASecret(t, serve)
      await server.signedIn()
      const before = tree(dirname(root))
      const options = { now: server.clock.now, signal: AbortSignal.timeout(5_000) }
      const record: SessionRecord = { ...(await server.records())[0]!, userId: 'mallory' }
      for (const value of values) {
        const id = value as SessionId
        for (const path of ['/data', '/who', '/read-only']) {
          const cookie = Buffer.from(`Cookie: ${server.cookieName}=${value}`, 'latin1')
          const response = await say(server.port, `GET ${path} HTTP/1.1`, [cookie])
          assert.ok([200, 400].includes(statusOf(response)), value)
        }
        assert.throws(() => store.pathOf(id), TypeError, value)
        assert.equal(await store.read(id, options), undefined, value)
        await assert.rejects(async () => store.write({ ...record, id }, undefined, options), TypeError, value)
        await Promise.resolve(store.touch(id, { expiresAt: 9e15, lastSeenAt: 9e15 }, options)).catch(() => {})
        await Promise.resolve(store.delete(id, options)).catch(() => {})
        await Promise.resolve(store.lockAndRead(id, { ...options, leaseMs: 1_000 })).catch(() => {})
      }
      assert.deepEqual(tree(dirname(root)), before)
      assert.equal(fs.readFileSync(outside, 'utf8'), 'someone else’s')
    })
  }

  it('CVE-2018-12538 (Jetty): a user whose name looks like a path has an index of their own, in the directory', async (t) => {
    const { server, root, outside } = await besideASecret(t, serve)
    const names = ['../../outside', '/etc/passwd', '..', '.', 'a/b', 'a\\b', 'ALICE', 'alice', '\u212a', 'k', 'K']
    for (const name of names) {
      const visitor = server.visitor()
      await visitor.post(`/login?user=${encodeURIComponent(name)}`)
      assert.equal(await who(visitor), name)
    }
    for (const name of names) assert.equal(await server.sessions.ofUser(name).revokeAll(), 1, name)
    assert.equal(fs.readFileSync(outside, 'utf8'), 'someone else’s')
    assert.deepEqual(fs.readdirSync(dirname(root)).sort(), ['outside', 'sessions'])
  })

  for (const bug of ['CVE-2025-24813 (Tomcat)', 'CVE-2020-9484 (Tomcat)', 'CVE-2018-18925 (Gogs)']) {
    it(`${bug}: a file that someone has put into the directory opens nothing and runs nothing`, async (t) => {
      const { server, store } = await besideASecret(t, serve)
      const [alice, other] = [await server.signedIn(), await server.signedIn('bob')]
      const path = store.pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId)
      const theirs = store.pathOf(recordIdOf(server.cookieName, other.ticket!) as SessionId)
      for (const planted of [
        Buffer.from('aced0005737200116a6176612e7574696c2e48617368536574', 'hex'),
        Buffer.from('\u000f\uff81\u0004\u0001\u0002\uff82\u0000\u0001\u0010', 'latin1'),
        Buffer.from('_uid|i:1;uname|s:5:"alice";'),
        // Somebody’s own session, copied under the name of another one.
        fs.readFileSync(theirs),
      ]) {
        fs.writeFileSync(path, planted)
        assert.equal(await who(alice), 'nobody')
      }
      assert.equal(await who(other), 'bob')
    })
  }

  it('CVE-2019-16354 (Beego): nobody else may read, write or redirect a file, whatever the umask', {
    skip: isWindows && 'Windows has no such modes',
  }, async (t) => {
    const umask = process.umask(0)
    t.after(() => process.umask(umask))
    const { server, root } = await besideASecret(t, serve)
    const visitor = await server.signedIn()
    await visitor.post('/n')
    await server.sessions.ofUser('bob').revokeAll()
    const modes = fs.readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return `${entry.isDirectory() ? 'd' : '-'}${(fs.statSync(path).mode & 0o777).toString(8)}`
    })
    assert.deepEqual(
      [...new Set(modes)].filter((mode) => !/^(d700|-600|-400)$/.test(mode)),
      [],
    )
    assert.equal(fs.statSync(root).mode & 0o777, 0o700)
  })
})

describe('the directory of sessions', { skip: isWindows && 'Windows has no such modes' }, () => {
  it('CVE-2019-16354 (Beego): is refused where others could put files into it, or point it elsewhere', (t) => {
    const { directory, remove } = openDirectory()
    t.after(remove)
    const open = join(directory, 'open')
    fs.mkdirSync(open)
    fs.chmodSync(open, 0o777)
    assert.throws(() => fileStore(open), /others can write/)
    fs.chmodSync(open, 0o700)
    fs.symlinkSync(open, join(directory, 'link'))
    assert.throws(() => fileStore(join(directory, 'link')), /symbolic link/)
    fs.mkdirSync(join(open, 'records'))
    fs.chmodSync(join(open, 'records'), 0o770)
    assert.throws(() => fileStore(open), /others can write/)
  })

  it('CVE-2026-25480 (Litestar): each id has a file name of its own, of lower-case hexadecimal digits', (t) => {
    const { store, directory, remove } = openDirectory()
    t.after(remove)
    const ids = fc.stringMatching(/^[0-9a-f]{64}$/)
    const root = resolve(directory, 'sessions') + sep
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const path = store.pathOf(one as SessionId)
        assert.ok(path.startsWith(root))
        assert.match(path.slice(root.length), /^records[/\\][0-9a-f]{2}[/\\]sess_[0-9a-f]{64}$/)
        assert.equal(path === store.pathOf(other as SessionId), one === other)
      }),
    )
    // What Unicode would fold into another id's characters, or a file system into another case, is no id.
    const folding = fc.tuple(
      ids,
      fc.nat(63),
      fc.constantFrom('\uff11', '\uff41', 'A', 'F', '\u212a', '\u00e9', 'g', '/'),
    )
    fc.assert(
      fc.property(folding, ([id, at, character]) => {
        const other = `${id.slice(0, at)}${character}${id.slice(at + 1)}`
        assert.throws(() => store.pathOf(other as SessionId), TypeError)
      }),
    )
    fc.assert(
      fc.property(fc.string(), (other) => {
        if (!/^[0-9a-f]{64}$/.test(other)) assert.throws(() => store.pathOf(other as SessionId), TypeError)
      }),
    )
  })
})
