import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Visitor } from './running-demo.ts'
import { type DemoProcess, spawnDemo, startDemo } from './server-process.ts'

describe('the server', () => {
  let directory: string
  const running: DemoProcess[] = []

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'coatcheck-server-'))
  })
  after(async () => {
    await Promise.all(running.map((demo) => demo.end('SIGKILL')))
    rmSync(directory, { recursive: true, force: true })
  })

  async function started(options: string[] = []): Promise<DemoProcess> {
    const demo = await startDemo(`${directory}/sessions`, 0, options)
    running.push(demo)
    return demo
  }

  /** What a start that fails says, and its exit code. */
  async function failedStart(environment: Record<string, string>, options: string[] = []) {
    const child = spawnDemo({ SESSIONS_DIR: `${directory}/sessions`, ...environment }, options)
    let [output, error] = ['', '']
    child.stdout?.on('data', (chunk) => {
      output += chunk
    })
    child.stderr?.on('data', (chunk) => {
      error += chunk
    })
    const [code] = await once(child, 'close')
    return { code, output, error }
  }

  it('says where it is, and how to log in', async () => {
    const demo = await started()
    assert.match(demo.output(), /Server Sessions Demo: http:\/\/localhost:\d+\n {2}Log in with admin \/ secret/)
    assert.equal(await demo.end('SIGTERM'), 0)
  })

  it('listens on this machine alone, by both its addresses', async () => {
    const demo = await started()
    assert.equal((await fetch(`http://127.0.0.1:${demo.port}/`)).status, 200)
    const hasIpv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'))
    if (hasIpv6) assert.equal((await fetch(`http://[::1]:${demo.port}/`)).status, 200)
    await demo.end('SIGTERM')
  })

  it('keeps a login through kill -9', async () => {
    const first = await started()
    const browser = new Visitor(first.url)
    await browser.login('admin', 'secret')
    assert.equal(await first.end('SIGKILL'), 'SIGKILL')
    const second = await startDemo(`${directory}/sessions`, first.port)
    running.push(second)
    assert.match((await browser.get('/dashboard')).text, /Welcome, Admin!/)
    await second.end('SIGTERM')
  })

  it('finishes what it has begun when told to stop, then ends with 0', async () => {
    const demo = await started()
    const body = 'username=admin&password=secret'
    const socket = connect(demo.port, '127.0.0.1')
    socket.write(
      `POST /login HTTP/1.1\r\nHost: localhost:${demo.port}\r\nOrigin: ${demo.url}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    await fetch(`${demo.url}/`)
    const ended = demo.end('SIGTERM')
    await untilClosed(demo.port)
    socket.write(body)
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 303 /)
    assert.equal(await ended, 0)
  })

  it('ends at once when told to stop twice', async () => {
    const demo = await started()
    const socket = connect(demo.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 10\r\n\r\n')
    await fetch(`${demo.url}/`)
    const ended = demo.end('SIGINT')
    await untilClosed(demo.port)
    assert.equal(await demo.end('SIGINT'), 130)
    await ended
  })

  it('says in one sentence what keeps it from starting', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    writeFileSync(`${directory}/file`, '')
    symlinkSync(directory, `${directory}/link`)
    const starts = [
      [{ PORT: String(port) }, [], `Port ${port} is in use. Stop what uses it, or choose another: PORT=${port + 1}.`],
      [{ PORT: 'http' }, [], 'PORT must be a number from 0 to 65535, got "http".'],
      [
        { PORT: '0', SESSIONS_DIR: `${directory}/file/sessions` },
        [],
        /ENOTDIR.* SESSIONS_DIR can name another one\.$/m,
      ],
      [{ PORT: '0', SESSIONS_DIR: `${directory}/link` }, [], /is a symbolic link/],
      [{ PORT: '0', TRUST_PROXY: 'everyone' }, [], /^trustProxy: "everyone" is no IP address/],
      [{}, ['--port=1'], /^Unknown option '--port'/],
    ] as const
    const answers = await Promise.all(starts.map(([environment, options]) => failedStart(environment, [...options])))
    for (const [index, { code, error }] of answers.entries()) {
      const expected = starts[index]![2]
      assert.equal(code, 1)
      assert.equal(error.trim().split('\n').length, 1, error)
      if (typeof expected === 'string') assert.equal(error.trim(), expected)
      else assert.match(error, expected)
    }
    taken.close()
  })

  it('helps', async () => {
    const { code, output } = await failedStart({}, ['--help'])
    assert.equal(code, 0)
    assert.match(output, /--https .*PORT .*SESSIONS_DIR/s)
  })

  it('serves https with a certificate of its own, kept for its owner alone, and Secure cookies', async () => {
    const demo = await started(['--https'])
    assert.match(demo.output(), /The browser will warn/)
    const key = fileURLToPath(new URL('./.certificate/key.pem', import.meta.url))
    assert.equal(statSync(key).mode & 0o777, 0o600)
    const login = request(`${demo.url}/login`, {
      method: 'POST',
      rejectUnauthorized: false,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: demo.url },
    })
    login.end('username=alice&password=password')
    const [response] = await once(login, 'response')
    response.resume()
    const cookies: string[] = response.headers['set-cookie']
    assert.match(
      cookies.find((cookie) => cookie.includes('sid')) ?? '',
      /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    assert.ok(cookies.every((cookie) => cookie.includes('; Secure')))
    await demo.end('SIGTERM')
  })
})

/** Resolves when nobody listens there any more. */
async function untilClosed(port: number): Promise<void> {
  for (let isOpen = true; isOpen; ) {
    isOpen = await new Promise((resolve) => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy()
        resolve(true)
      })
      probe.on('error', () => resolve(false))
    })
  }
}
