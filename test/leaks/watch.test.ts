import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Judgement, judge, report } from './judge.mjs'

/** What the watch makes of a program that leaks, or does not. */
async function watched(what: 'leak' | 'no leak'): Promise<{ told: { [way: string]: string }; judgement: Judgement }> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-leaks-'))
  const program = fork(resolve('test/leaks/leaking-program.ts'), [what], {
    execArgv: ['--require', resolve('test/leaks/watch.cjs'), '--import', 'tsx'],
    // Of its own: what it leaks on purpose is none of the run’s.
    env: { ...process.env, COATCHECK_LEAK_WATCH: folder },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exited = once(program, 'exit')
  const [told] = await once(program, 'message')
  assert.deepEqual(await exited, [0, null])
  const judgement = judge(folder)
  rmSync(folder, { recursive: true })
  return { told, judgement }
}

const ways = [
  'event: the ticket',
  'event: the secret’s bytes, deep within',
  'event: the secret in hex',
  'event: the cause of an error',
  'error: the message',
  'error: the cause',
  'stdout: the ticket',
  'stdout: half a ticket',
  'stdout: a ticket that was issued on the Fetch API',
  'stderr: the secret in base64',
  'url: the path',
  'url: the referer',
  'response header: a redirect',
  'response body: all of it',
  'response body: a part of it',
  'response body: on the Fetch API',
  'process title: while a request is served',
  'process arguments: of another process',
]

describe('the watch over a program that leaks', () => {
  let found: Awaited<ReturnType<typeof watched>>
  before(async () => {
    found = await watched('leak')
  })

  for (const way of ways) {
    it(`finds in the ${way}`, () => {
      const ticket = found.told[way]
      assert.match(ticket ?? '', /^[\w-]{64}$/)
      const places = found.judgement.leaks.filter((leak) => leak.ticket === ticket).map(({ place }) => place)
      // An error that is published is found as an event, too.
      assert.ok(places.includes(way.split(':')[0]!), `found in ${places.join() || 'no place'}`)
    })
  }

  it('finds nothing that was not leaked', () => {
    assert.deepEqual(Object.keys(found.told).sort(), [...ways].sort())
    const leaked = new Set(Object.values(found.told))
    assert.deepEqual(
      found.judgement.leaks.filter(({ ticket }) => !leaked.has(ticket)),
      [],
    )
  })

  it('fails the run, and says where', () => {
    const { isClean, lines } = report(found.judgement, { isWhole: false })
    assert.equal(isClean, false)
    assert.match(lines.join('\n'), /^leak: a ticket is in the stdout of .*leaking-program\.ts: /m)
  })
})

describe('the watch over a program that leaks nothing', () => {
  it('finds nothing, and has searched every kind of place', async () => {
    const { judgement } = await watched('no leak')
    assert.deepEqual([judgement.tickets, judgement.leaks], [1, []])
    const { isClean, lines } = report(judgement, { isWhole: true })
    assert.deepEqual([isClean, lines.length], [true, 1], lines.join('\n'))
    assert.match(lines.join(), /^leak watch: 1 tickets, none found in \d+ × event, \d+ × error, /)
  })
})

describe('a whole run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-leaks-'))
  after(() => rmSync(folder, { recursive: true }))

  it('fails when nothing was watched', () => {
    assert.equal(report(judge(folder), { isWhole: true }).isClean, false)
    assert.equal(report(judge(folder), { isWhole: false }).isClean, true)
  })

  it('fails when tickets were issued and one kind of place was never searched', () => {
    const ticket = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const places = [
      'event',
      'error',
      'stdout',
      'stderr',
      'url',
      'response header',
      'process title',
      'process arguments',
    ]
    const lines = [`process\tx.ts`, `ticket\t${ticket}`, ...places.map((place) => `count\t${place}\t1`)]
    writeFileSync(join(folder, '1'), `${lines.join('\n')}\n`)
    const { isClean, lines: said } = report(judge(folder), { isWhole: true })
    assert.equal(isClean, false)
    assert.match(said.join('\n'), /no text of the kind “response body” was searched/)
  })

  it('finds what one process has printed of the ticket of another one', () => {
    const ticket = 'zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA0123456789-_'
    writeFileSync(join(folder, '2'), `process\tserver.ts\nticket\t${ticket}\n`)
    writeFileSync(join(folder, '3'), `process\tlogger.ts\ntext\tstdout\tabc${ticket.slice(0, 40)}\n`)
    const { leaks } = judge(folder)
    assert.deepEqual(
      leaks.map(({ place, process, issuer }) => `${place} of ${process}, issued by ${issuer}`),
      ['stdout of logger.ts, issued by server.ts'],
    )
  })
})
