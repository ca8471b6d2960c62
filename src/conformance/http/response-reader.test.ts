import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpResponse } from './http-response.ts'
import { MalformedResponse, ResponseReader } from './response-reader.ts'

type Reading = ConstructorParameters<typeof ResponseReader>[0] & { closes?: boolean }

/** Given all at once, and given byte by byte: both must read the same. */
function read(text: string, { closes = false, ...options }: Reading = {}): HttpResponse | undefined {
  const outcomes = [Buffer.from(text, 'latin1'), ...[...text].map((byte) => Buffer.from(byte, 'latin1'))]
  const whole = new ResponseReader(options)
  const atOnce = whole.push(outcomes[0]!) ?? (closes ? whole.end() : undefined)
  const piecewise = new ResponseReader(options)
  let inPieces: HttpResponse | undefined
  for (const byte of outcomes.slice(1)) inPieces ??= piecewise.push(byte)
  if (closes) inPieces ??= piecewise.end()
  assert.deepEqual(inPieces, atOnce)
  return atOnce
}

describe('a response is read', () => {
  it('with its header lines as they came, in order', () => {
    const response = read(
      'HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nX-Odd:\t \xe9 \r\nset-cookie:b=2\r\nContent-Length: 2\r\n\r\nhi',
    )
    assert.equal(response?.statusLine, 'HTTP/1.1 200 Fine')
    assert.equal(response.status, 200)
    assert.deepEqual(response.headerLines, ['Set-Cookie: a=1', 'X-Odd:\t \xe9 ', 'set-cookie:b=2', 'Content-Length: 2'])
    assert.deepEqual(response.setCookies, ['a=1', 'b=2'])
    assert.equal(response.header('x-odd'), '\xe9')
    assert.equal(response.header('x-none'), undefined)
    assert.equal(response.text, 'hi')
  })

  it('to its Content-Length and no further', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n'
    assert.equal(read(`${head}ab`), undefined)
    assert.equal(read(`${head}ab`, { closes: true }), undefined)
    assert.equal(read(`${head}abc`)?.text, 'abc')
    assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')?.text, '')
  })

  it('from chunks, with extensions and a trailer', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    const response = read(`${head}3;x=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n`)
    assert.equal(response?.text, 'abc0123456789')
    assert.deepEqual(response.trailerLines, ['X-Sum: 1'])
    assert.equal(read(`${head}0\r\n\r\n`)?.text, '')
    assert.equal(read(`${head}3\r\nabc\r\n`, { closes: true }), undefined)
  })

  it('to the end of the connection where nothing else is said', () => {
    assert.equal(read('HTTP/1.1 200 OK\r\n\r\nall of it'), undefined)
    assert.equal(read('HTTP/1.1 200 OK\r\n\r\nall of it', { closes: true })?.text, 'all of it')
  })

  it('without a body after HEAD, 204 and 304', () => {
    assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', { isHead: true })?.text, '')
    assert.equal(read('HTTP/1.1 204 No Content\r\n\r\n')?.status, 204)
    assert.equal(read('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n')?.text, '')
  })

  it('after interim ones', () => {
    const response = read(
      'HTTP/1.1 103 Early Hints\r\nSet-Cookie: no=1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    )
    assert.deepEqual([response?.status, response?.interim, response?.setCookies], [200, [103], []])
  })

  it('not at all when it is none, contradicts itself, or has no end', () => {
    for (const text of [
      'SSH-2.0-OpenSSH\r\n\r\n',
      'HTTP/1.1 20 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
    ]) {
      assert.throws(() => new ResponseReader().push(Buffer.from(text)), MalformedResponse, text)
    }
    const small = { maxBodyBytes: 3 }
    const long = Buffer.from('HTTP/1.1 200 OK\r\n\r\nabcd')
    assert.throws(() => new ResponseReader(small).push(long), MalformedResponse)
    const chunked = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nabc')
    assert.throws(() => new ResponseReader(small).push(chunked), MalformedResponse)
    assert.throws(() => new ResponseReader().push(Buffer.alloc(300_000, 'x')), MalformedResponse)
  })

  it('and leaves the connection usable only if it said where it ends', () => {
    const usable = (text: string): boolean => {
      const reader = new ResponseReader()
      assert.ok(reader.push(Buffer.from(text)) ?? reader.end())
      return reader.leavesConnectionUsable
    }
    assert.equal(usable('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'), true)
    assert.equal(usable('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na'), false)
    assert.equal(usable('HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na'), false)
    assert.equal(usable('HTTP/1.1 200 OK\r\n\r\na'), false)
    assert.equal(usable('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n'), false)
  })
})
