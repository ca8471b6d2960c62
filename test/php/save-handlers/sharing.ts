import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { SaveHandler } from 'coatcheck/php'
import { nodePeer, phpPeer, type Where } from './peers.ts'
import { decode, encode } from './session-text.ts'
import { add, crowd } from './turns.ts'

/** A place for sessions, as a test opens it. */
export interface Shared {
  readonly where: Where
  readonly handler: SaveHandler
}

export interface Kind {
  readonly title: string
  readonly skip: string | undefined
  open(test: TestContext): Promise<Shared>
  /** How often each of five processes adds one. */
  readonly times: number
  /** What the Node processes load first. */
  readonly imports: readonly string[]
}

export function newId(): string {
  return randomBytes(16).toString('hex')
}

/** What holds wherever PHP and Node have the same sessions. */
export function shares({ title, skip, open, times, imports }: Kind): void {
  describe(`PHP and Node on the same sessions, ${title}`, { skip }, () => {
    it(`count to ${5 * times} in three processes of PHP and two of Node`, async (test) => {
      const { where, handler } = await open(test)
      assert.deepEqual(await countTogether(test, where, times, imports), { n: 5 * times, warnings: [] })
      await handler.collectGarbage()
    })

    it('wait for one another, and read what the other has written', async (test) => {
      const { where, handler } = await open(test)
      const id = newId()
      const php = await phpPeer(test, where)
      const session = await handler.open(id)
      const phpOpens = watch(php.ask('open', id))
      await sleep(100)
      assert.equal(phpOpens.isSettled, false, 'PHP does not wait')
      await session.write(encode({ from: 'Node' }))
      await session.close()
      const read = await phpOpens.promise
      assert.deepEqual(read, { started: true, data: { from: 'Node' }, warnings: [] })

      const nodeOpens = watch(handler.open(id))
      await sleep(100)
      assert.equal(nodeOpens.isSettled, false, 'Node does not wait')
      await php.ask('set', { from: 'PHP' })
      await php.ask('close')
      const opened = await nodeOpens.promise
      assert.deepEqual(decode(opened.bytes), { from: 'PHP' })
      await opened.close()
    })

    it('serve a crowd on each side', async (test) => {
      const { where, handler } = await open(test)
      const id = newId()
      const php = await phpPeer(test, where)
      const session = await handler.open(id)
      const both = Promise.all([php.ask('crowd', id, 50, 1000), crowd(handler, id, 50, 1)])
      await sleep(300)
      await session.close()
      await both
      const order = String(await valueIn(handler, id, 'order'))
      assert.deepEqual([...order].sort().join(''), 'N'.repeat(50) + 'P'.repeat(50))
    })

    it('let PHP in while a long line of requests in Node passes the session on', async (test) => {
      const { where, handler } = await open(test)
      const id = newId()
      const php = await phpPeer(test, 'redis' in where ? { ...where, phpLocks: 'every 20 ms' } : where)
      let isOver = false
      const line = Array.from({ length: 10 }, async () => {
        while (!isOver) await add(handler, id, 1, 10 + Math.random() * 20)
      })
      await php.ask('add', id, 3, 0)
      isOver = true
      await Promise.all(line)
      const turns = Number(await valueIn(handler, id, 'n'))
      assert.ok(turns < 70, `PHP had 3 turns of ${turns}`)
    })

    it('let Node in while PHP takes one turn after the other', async (test) => {
      const { where, handler } = await open(test)
      const id = newId()
      const peers = await Promise.all([1, 2, 3].map(() => phpPeer(test, where)))
      // Who polls Redis has a turn by luck: long enough that no luck is needed.
      const total = 3 * 250
      let isOver = false
      const busy = Promise.all(peers.map((php) => php.ask('add', id, 250, 2000))).finally(() => {
        isOver = true
      })
      let turns = 0
      while (!isOver) {
        await add(handler, id, 1, 0)
        await nextTurn()
        turns++
      }
      await busy
      assert.equal(await valueIn(handler, id, 'n'), total + turns)
      assert.ok(turns >= 5, `Node had ${turns} turns beside ${total} of PHP`)
    })

    it('never show PHP a session that Node has destroyed while it waited', async (test) => {
      const { where, handler } = await open(test)
      const id = newId()
      const php = await phpPeer(test, where)
      const session = await handler.open(id)
      await session.write(encode({ user: 'ada' }))
      const waiting = php.ask('open', id)
      await sleep(100)
      await session.destroy()
      assert.deepEqual((await waiting).data, {})
    })

    it('never let Node write into a session that PHP has destroyed, in silence', async (test) => {
      const { where, handler } = await open(test)
      const php = await phpPeer(test, where)
      let readEmpty = 0
      for (let round = 0; round < 20; round++) {
        const id = newId()
        await php.ask('open', id)
        await php.ask('set', { user: 'ada' })
        await php.ask('close')
        await php.ask('open', id)
        const opening = handler.open(id)
        await sleep(10)
        const destroyed = php.ask('destroy')
        const session = await opening
        await destroyed
        const isEmpty = session.bytes.length === 0
        if (isEmpty) readEmpty++
        // PHP unlocks before it deletes: whoever gets in between reads the old session, but can't store it any more.
        const written = await session.write(encode({ from: 'Node' })).then(
          () => 'written',
          (error) => error.code,
        )
        await session.close()
        assert.equal(written, isEmpty ? 'written' : 'ERR_SESSION_GONE')
        assert.deepEqual((await php.ask('open', id)).data, isEmpty ? { from: 'Node' } : {})
        await php.ask('close')
      }
      test.diagnostic(`after ${readEmpty} of 20 the session was empty`)
    })

    it('keep an unchanged session alive from either side', async (test) => {
      const { where, handler } = await open(test)
      const id = newId()
      const php = await phpPeer(test, where)
      await php.ask('open', id)
      await php.ask('set', { user: 'ada' })
      await php.ask('close')
      const session = await handler.open(id)
      await session.touch()
      await session.close()
      assert.equal(await handler.exists(id), true)
      assert.deepEqual((await php.ask('open', id)).data, { user: 'ada' })
    })
  })
}

/** Three processes of PHP and two of Node add to one session; what is in it then. */
export async function countTogether(
  test: TestContext,
  where: Where,
  times: number,
  imports: readonly string[],
  holdMicroseconds = 0,
): Promise<{ readonly n: unknown; readonly warnings: readonly string[] }> {
  const id = newId()
  const peers = await Promise.all([
    ...[1, 2, 3].map(() => phpPeer(test, where)),
    ...[1, 2].map(() => nodePeer(test, where, imports)),
  ])
  const answers = await Promise.all(peers.map((peer) => peer.ask('add', id, times, holdMicroseconds)))
  const { data, warnings } = await peers[0]!.ask('open', id)
  return { n: data.n, warnings: [...answers.flatMap((answer) => answer.warnings), ...warnings] }
}

async function valueIn(handler: SaveHandler, id: string, name: string): Promise<number | string> {
  const session = await handler.open(id)
  await session.close()
  return decode(session.bytes)[name] ?? 0
}

/** Whether it has come to an end can be seen without waiting for it. */
export function watch<T>(promise: Promise<T>): { readonly promise: Promise<T>; readonly isSettled: boolean } {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  promise.then(settle, settle)
  return {
    promise,
    get isSettled() {
      return isSettled
    },
  }
}
