import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PhpFilesOptions, phpFiles } from './files.ts'
import type { SaveHandler } from './save-handler.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

function folder(test: TestContext): string {
  const path = fs.mkdtempSync(join(tmpdir(), 'coatcheck-php-'))
  test.after(() => fs.rmSync(path, { recursive: true, force: true }))
  return path
}

function made(test: TestContext, options: Partial<PhpFilesOptions> = {}): { path: string; handler: SaveHandler } {
  const path = folder(test)
  return { path, handler: phpFiles({ savePath: path, ...options }) }
}

async function store(handler: SaveHandler, id: string, value: string): Promise<void> {
  const session = await handler.open(id)
  await session.write(Buffer.from(value))
  await session.close()
}

async function read(handler: SaveHandler, id: string): Promise<string> {
  const session = await handler.open(id)
  await session.close()
  return text(session.bytes)
}

/** Makes a file look as if it had last been used so many seconds ago. */
function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds
  fs.utimesSync(path, then, then)
}

describe('a session in files', () => {
  it('is what was written last, longer or shorter than before', async (test) => {
    const { path, handler } = made(test)
    for (const value of ['n|i:1;', 'n|i:1;name|s:3:"ada";', 'n|i:2;', '']) {
      await store(handler, 'a1', value)
      assert.equal(fs.readFileSync(`${path}/sess_a1`, 'utf8'), value)
      assert.equal(await read(handler, 'a1'), value)
    }
  })

  it('stays in the same file, which others may wait for', async (test) => {
    const { path, handler } = made(test)
    await store(handler, 'a1', 'n|i:1;')
    const { ino } = fs.statSync(`${path}/sess_a1`)
    await store(handler, 'a1', 'n|i:2;')
    assert.equal(fs.statSync(`${path}/sess_a1`).ino, ino)
  })

  it('is for the user of PHP and Node alone, unless savePath has another mode', async (test) => {
    const path = folder(test)
    const before = process.umask(0o22)
    test.after(() => process.umask(before))
    await store(phpFiles({ savePath: path }), 'a1', '')
    await store(phpFiles({ savePath: `0;0660;${path}` }), 'a2', '')
    const modes = ['a1', 'a2'].map((id) => (fs.statSync(`${path}/sess_${id}`).mode & 0o7777).toString(8))
    assert.deepEqual(modes, ['600', '640'])
  })

  it('lies on as many levels of folders as savePath says, which have to be there', async (test) => {
    const path = folder(test)
    fs.mkdirSync(`${path}/a/b`, { recursive: true })
    const handler = phpFiles({ savePath: `2;${path}` })
    await store(handler, 'abc', 'n|i:1;')
    assert.deepEqual(fs.readdirSync(`${path}/a/b`), ['sess_abc'])
    await assert.rejects(handler.open('bcd'), { code: 'ERR_STORE_UNAVAILABLE' })
    await assert.rejects(handler.open('ab'), { name: 'IllegalSessionIdError' })
    assert.equal(await handler.exists('ab'), false)
  })

  it('can be used by one at a time, in the order in which they came', async (test) => {
    const { handler } = made(test)
    const order: number[] = []
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const session = await handler.open('a1')
        order.push(index)
        const count = Number(text(session.bytes))
        await sleep(1)
        await session.write(Buffer.from(String(count + 1)))
        await session.close()
      }),
    )
    assert.deepEqual(order, [...order.keys()])
    assert.equal(await read(handler, 'a1'), '50')
  })

  it('can be used by one at a time through two handlers as well', async (test) => {
    const { path, handler } = made(test)
    const other = phpFiles({ savePath: path })
    const session = await handler.open('a1')
    const opening = other.open('a1')
    await sleep(20)
    await session.write(Buffer.from('first'))
    await session.close()
    const second = await opening
    assert.equal(text(second.bytes), 'first')
    await second.close()
  })

  it('does not make others wait for another session', async (test) => {
    const { handler } = made(test)
    const [one, other] = await Promise.all([handler.open('a1'), handler.open('a2')])
    await Promise.all([one.close(), other.close()])
  })

  it('is released once, however often it is closed', async (test) => {
    const { handler } = made(test)
    const first = await handler.open('a1')
    await Promise.all([first.close(), first.close()])
    const second = await handler.open('a1')
    await first.close()
    let isOpen = false
    const third = handler.open('a1').then((session) => {
      isOpen = true
      return session
    })
    await sleep(20)
    assert.equal(isOpen, false)
    await second.close()
    await (await third).close()
    await assert.rejects(first.write(Buffer.from('late')), { code: 'ERR_SESSION_SETTLED' })
    await assert.rejects(first.destroy(), { code: 'ERR_SESSION_SETTLED' })
    assert.equal(await handler.exists('a1'), true)
  })

  it('is gone after destroy, for those as well who have the file open', async (test) => {
    const { path, handler } = made(test)
    await store(handler, 'a1', 'user|s:3:"ada";')
    const file = fs.openSync(`${path}/sess_a1`, 'r')
    test.after(() => fs.closeSync(file))
    const session = await handler.open('a1')
    const waiting = handler.open('a1')
    await session.destroy()
    assert.equal(fs.readFileSync(file, 'utf8'), '')
    const next = await waiting
    assert.equal(text(next.bytes), '')
    await next.destroy()
    assert.deepEqual(fs.readdirSync(path), [])
    await next.close()
  })

  it('is a new one when it was deleted from outside while it was waited for', async (test) => {
    const { path, handler } = made(test)
    await store(handler, 'a1', 'user|s:3:"ada";')
    const held = await phpFiles({ savePath: path }).open('a1')
    const waiting = handler.open('a1')
    await sleep(50)
    fs.rmSync(`${path}/sess_a1`)
    await held.close()
    const session = await waiting
    assert.equal(text(session.bytes), '')
    await session.write(Buffer.from('n|i:1;'))
    await session.close()
    assert.equal(fs.readFileSync(`${path}/sess_a1`, 'utf8'), 'n|i:1;')
  })

  it('is not written to when it was deleted from outside: that would be lost, or bring it back', async (test) => {
    const { path, handler } = made(test)
    const session = await handler.open('a1')
    fs.rmSync(`${path}/sess_a1`)
    await assert.rejects(session.write(Buffer.from('n|i:1;')), { code: 'ERR_SESSION_GONE' })
    await session.touch()
    await session.close()
    assert.deepEqual(fs.readdirSync(path), [])
  })

  it('keeps its old value when the disk is full', { skip: process.platform !== 'linux' }, (test) => {
    const path = folder(test)
    const program = `
      import { phpFiles } from ${JSON.stringify(join(import.meta.dirname, 'files.ts'))}
      const handler = phpFiles({ savePath: ${JSON.stringify(path)} })
      const session = await handler.open('a1')
      await session.write(Buffer.alloc(400, 'a'))
      const refused = await session.write(Buffer.alloc(5000, 'b')).catch((error) => error)
      await session.close()
      const again = await handler.open('a1')
      console.log(refused.code, String(again.bytes) === 'a'.repeat(400))`
    // The largest file that this shell's children may write has one block.
    const args = ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$@"', 'sh', process.execPath, '--import=tsx']
    const { NODE_OPTIONS: _, ...env } = process.env
    const { stdout, stderr } = spawnSync('/bin/sh', [...args, '--input-type=module', '--eval', program], {
      encoding: 'utf8',
      env: { ...env, TSX_DISABLE_CACHE: '1' },
    })
    assert.equal(stdout, 'ERR_STORE_UNAVAILABLE true\n', stderr)
  })
})

describe('the wait for a session in files', () => {
  for (const [title, open] of [
    ['in this process', (handler: SaveHandler) => handler],
    ['in another one', (_: SaveHandler, path: string) => phpFiles({ savePath: path })],
  ] as const) {
    it(`ends at its deadline when the lock is held ${title}`, async (test) => {
      const { path, handler } = made(test, { lockWait: 400 })
      const held = await open(handler, path).open('a1')
      await assert.rejects(handler.open('a1'), { code: 'ERR_SESSION_BUSY', status: 503, retryAfter: 1 })
      await held.close()
      await (await handler.open('a1')).close()
    })

    it(`ends when it is aborted and the lock is held ${title}`, async (test) => {
      const { path, handler } = made(test)
      const held = await open(handler, path).open('a1')
      const reason = new Error('the visitor has gone')
      const controller = new AbortController()
      const opening = handler.open('a1', { signal: controller.signal })
      setTimeout(() => controller.abort(reason), 30)
      await assert.rejects(opening, (error) => error === reason)
      await assert.rejects(handler.open('a1', { signal: controller.signal }), (error) => error === reason)
      await held.close()
      await (await handler.open('a1')).close()
    })
  }

  it('leaves no open file and no process behind', { skip: process.platform !== 'linux' }, async (test) => {
    const { path, handler } = made(test, { lockWait: 60 })
    const ours = (): string[] =>
      fs.readdirSync('/proc/self/fd').filter((file) => {
        try {
          return fs.readlinkSync(`/proc/self/fd/${file}`).startsWith(path)
        } catch {
          return false
        }
      })
    const children = (): string[] => fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ')
    const [filesBefore, childrenBefore] = [ours().length, children()]
    const held = await phpFiles({ savePath: path }).open('a1')
    test.after(() => held.close())
    const waits = Array.from({ length: 20 }, () => handler.open('a1').catch((error) => error.code))
    assert.deepEqual(new Set(await Promise.all(waits)), new Set(['ERR_SESSION_BUSY']))
    const left = (): string[] => children().filter((child) => !childrenBefore.includes(child))
    for (let tries = 0; left().length > 0 && tries < 100; tries++) await sleep(20)
    assert.deepEqual([ours().length, left()], [filesBefore + 1, []])
    await held.close()
    assert.equal(ours().length, filesBefore)
  })

  it('stops neither the event loop nor the thread pool, however many sessions are waited for', async (test) => {
    const { path, handler } = made(test)
    const ids = Array.from({ length: 12 }, (_, index) => `a${index}`)
    const other = phpFiles({ savePath: path })
    const held = await Promise.all(ids.map((id) => other.open(id)))
    const waiting = ids.map((id) => handler.open(id))
    await sleep(20)
    assert.equal(await fs.promises.readFile(`${path}/sess_a1`, 'utf8'), '')
    for (const session of held) await session.close()
    for (const session of await Promise.all(waiting)) await session.close()
  })

  it('lets the process end when nothing else is under way', async (test) => {
    const path = folder(test)
    const program = `
      import { phpFiles } from ${JSON.stringify(join(import.meta.dirname, 'files.ts'))}
      const handler = phpFiles({ savePath: ${JSON.stringify(path)} })
      const other = phpFiles({ savePath: ${JSON.stringify(path)} })
      const session = await handler.open('a1')
      const waiting = other.open('a1')
      setTimeout(() => session.close(), 30)
      await waiting
      console.log('left open')`
    const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [[code]] = await Promise.all([once(child, 'exit'), once(child.stdout, 'data')])
    assert.equal(code, 0)
  })
})

describe('an expired session in files', () => {
  it('is empty, and its old value is not on the disk any more', async (test) => {
    const { path, handler } = made(test, { maxLifetime: '10m' })
    await store(handler, 'a1', 'user|s:3:"ada";')
    age(`${path}/sess_a1`, 590)
    assert.equal(await handler.exists('a1'), true)
    assert.equal(await read(handler, 'a1'), 'user|s:3:"ada";')
    age(`${path}/sess_a1`, 610)
    assert.equal(await handler.exists('a1'), false)
    const session = await handler.open('a1')
    assert.equal(text(session.bytes), '')
    assert.equal(fs.readFileSync(`${path}/sess_a1`, 'utf8'), '')
    await session.close()
  })

  it('is one that was neither written nor touched for so long; opening it changes nothing', async (test) => {
    const { path, handler } = made(test, { maxLifetime: '10m' })
    await store(handler, 'a1', 'n|i:1;')
    const since = (): number => Math.round((Date.now() - fs.statSync(`${path}/sess_a1`).mtimeMs) / 1000)
    age(`${path}/sess_a1`, 500)
    await read(handler, 'a1')
    assert.ok(since() >= 500)
    const session = await handler.open('a1')
    await session.touch()
    await session.close()
    assert.ok(since() < 100)
  })

  it('is none that is in use', async (test) => {
    const { path, handler } = made(test, { maxLifetime: '10m' })
    await store(handler, 'a1', 'n|i:1;')
    age(`${path}/sess_a1`, 590)
    const session = await handler.open('a1')
    const isKept = (): boolean => Date.now() - fs.statSync(`${path}/sess_a1`).mtimeMs < 500_000
    for (let tries = 0; !isKept() && tries < 200; tries++) await sleep(50)
    assert.ok(isKept())
    await session.close()
  })

  it('is deleted by collectGarbage, unless somebody has it open', async (test) => {
    const { path, handler } = made(test, { maxLifetime: '10m' })
    for (const id of ['live', 'old', 'held']) await store(handler, id, 'n|i:1;')
    fs.writeFileSync(`${path}/other`, '')
    fs.symlinkSync(`${path}/other`, `${path}/sess_link`)
    fs.mkdirSync(`${path}/sess_folder`)
    const held = await phpFiles({ savePath: path }).open('held')
    for (const name of ['sess_old', 'sess_held', 'other', 'sess_folder']) age(`${path}/${name}`, 601)
    fs.lutimesSync(`${path}/sess_link`, 0, 0)
    assert.equal(await handler.collectGarbage(), 1)
    assert.deepEqual(fs.readdirSync(path).sort(), ['other', 'sess_folder', 'sess_held', 'sess_link', 'sess_live'])
    await held.close()
    assert.equal(await handler.collectGarbage(), 1)
  })

  it('is left to others where PHP leaves it too', async (test) => {
    const path = folder(test)
    assert.equal(await phpFiles({ savePath: `1;${path}` }).collectGarbage(), false)
    assert.equal(await phpFiles({ savePath: `${path}/missing` }).collectGarbage(), false)
  })
})

describe('session files refuse', () => {
  it('ids that PHP would not make, before they are part of a path', async (test) => {
    const { path, handler } = made(test)
    fs.mkdirSync(`${path}/sess_`)
    const ids = [
      '',
      '../a',
      'a/b',
      '/etc/passwd',
      'a_b',
      'a\0',
      'a\n',
      'ä',
      '.',
      'a b',
      'a'.repeat(257),
      'a'.repeat(256),
    ]
    for (const id of ids) {
      await assert.rejects(handler.open(id), { name: 'IllegalSessionIdError' }, JSON.stringify(id))
      assert.equal(await handler.exists(id), false)
    }
    assert.deepEqual(fs.readdirSync(path), ['sess_'])
    await store(handler, 'aZ0,-', 'n|i:1;')
    assert.equal(await handler.exists('aZ0,-'), true)
  })

  it('symbolic links, folders and pipes', async (test) => {
    const { path, handler } = made(test)
    fs.writeFileSync(`${path}/target`, 'secret')
    fs.symlinkSync(`${path}/target`, `${path}/sess_link`)
    fs.mkdirSync(`${path}/sess_folder`)
    execFileSync('mkfifo', [`${path}/sess_pipe`])
    for (const id of ['link', 'folder', 'pipe']) {
      await assert.rejects(handler.open(id), { code: 'ERR_STORE_UNAVAILABLE' }, id)
      assert.equal(await handler.exists(id), false)
    }
    assert.equal(fs.readFileSync(`${path}/target`, 'utf8'), 'secret')
  })

  it("another user's file, and say whose it is", {
    skip: process.geteuid?.() !== 0 && 'only root can try',
  }, async (test) => {
    const { path, handler } = made(test)
    await store(handler, 'mine', '') // what has to be loaded is, while we may read it
    fs.chmodSync(path, 0o777)
    fs.writeFileSync(`${path}/sess_a1`, '')
    fs.chmodSync(`${path}/sess_a1`, 0o666)
    fs.chownSync(`${path}/sess_a1`, 65_533, 65_533)
    fs.writeFileSync(`${path}/sess_root`, 'n|i:1;')
    fs.chmodSync(`${path}/sess_root`, 0o666)
    process.seteuid?.(65_534)
    test.after(() => process.seteuid?.(0))
    await assert.rejects(handler.open('a1'), /user 65533, and this process runs as user 65534/)
    await assert.rejects(handler.open('mine'), /EACCES.*the same user/)
    const session = await handler.open('root')
    await session.touch()
    await session.close()
    process.seteuid?.(0)
    assert.equal(fs.readFileSync(`${path}/sess_root`, 'utf8'), 'n|i:1;')
    await (await handler.open('a1')).close()
  })

  it('to tell an id in an error', async (test) => {
    const path = folder(test)
    const handler = phpFiles({ savePath: `${path}/missing` })
    const error: Error = await handler.open('5e55101d').then(
      () => assert.fail('it was opened'),
      (reason) => reason,
    )
    const told = `${error} ${error.stack} ${JSON.stringify(error)} ${error.cause}`
    assert.doesNotMatch(told, /5e55101d/)
    assert.match(told, /missing.*ENOENT/)
  })

  it('a savePath that PHP would not take', () => {
    for (const savePath of ['x;/tmp', '2;9;/tmp', '2;;/tmp', '-1;/tmp', ';/tmp', '2;', '2;0600;', '/tmp\0']) {
      assert.throws(() => phpFiles({ savePath }), { name: 'TypeError', message: /^savePath must be/ }, savePath)
    }
    assert.equal(phpFiles({ savePath: '2;0600;/tmp/a;b' }).savePath, '2;0600;/tmp/a;b')
    assert.equal(phpFiles({ savePath: '' }).savePath, '')
    assert.throws(() => phpFiles({ savePath: '/tmp', maxLifetime: 0 }), /maxLifetime must be positive/)
    assert.throws(() => phpFiles({ savePath: '/tmp', lockWait: 0 }), /lockWait must be positive/)
  })
})
