import assert from 'node:assert/strict'
import { it, mock } from 'node:test'
import { inspect } from 'node:util'
import { onEveryServer } from '../http/serving.ts'
import { Breaker } from '../http/stores.ts'
import { takeApart } from '../http/tickets.ts'
import { watch } from '../http/watching.ts'

onEveryServer((serve) => {
  it('CVE-2023-20866 (Spring Session): no ticket, and no part of one, is printed or published', async (t) => {
    const breaker = new Breaker()
    const server = await serve(t, { between: breaker.breaking })
    const events = watch(t)
    const printed: string[] = []
    // Written all the same: the test runner reports on the same stream.
    const streams = [process.stdout, process.stderr].map((stream) => mock.method(stream, 'write').mock)
    t.after(() => {
      for (const stream of streams) stream.restore()
    })
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      const { mock: logging } = mock.method(console, method, (...values: unknown[]) => {
        printed.push(values.map((value) => inspect(value, { depth: 20 })).join(' '))
      })
      t.after(() => logging.restore())
    }

    const visitor = server.visitor()
    const tickets = new Set<string>()
    const bodies: string[] = []
    const ask = async (method: string, path: string): Promise<void> => {
      server.clock.advance(1_000)
      const { body, headers } = await visitor.ask(method, path)
      bodies.push(body, JSON.stringify({ ...headers, 'set-cookie': undefined }))
      if (visitor.ticket) tickets.add(visitor.ticket)
    }
    await ask('POST', '/set?theme=dark')
    await ask('POST', '/login')
    const old = visitor.copy()
    server.clock.advance(16 * 60_000)
    for (const path of ['/who', '/who', '/throw', '/devices']) await ask('GET', path)
    await old.get('/who')
    await ask('POST', '/regenerate')
    for (const operation of ['read', 'write', 'lockAndRead', 'delete'] as const) {
      breaker.fail({ [operation]: 'rejects' })
      for (const path of ['/n', '/regenerate', '/logout']) await ask('POST', path)
      breaker.recover()
    }
    const tampered = visitor.copy()
    tampered.cookies.set(
      server.cookieName,
      visitor.ticket!.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    )
    bodies.push((await tampered.get('/who')).body)
    await ask('POST', '/logout')

    assert.ok(tickets.size >= 4 && events.log.length > 20 && printed.length > 0)
    for (const { calls } of streams) for (const { arguments: written } of calls) printed.push(String(written[0]))
    const all = [...printed, ...bodies, inspect(events.log, { depth: 20, maxStringLength: null })].join('\n')
    for (const ticket of tickets) {
      const { sid, secret } = takeApart(ticket)
      for (const bytes of [Buffer.from(ticket, 'base64url'), sid, secret])
        for (const encoding of ['base64url', 'base64', 'hex'] as const)
          assert.ok(!all.includes(bytes.toString(encoding)), 'a part of a ticket was told')
    }
  })
})
