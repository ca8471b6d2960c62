import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Exchange } from '../../core/exchange.ts'
import { type Agent, agentOf, observe } from './observe.ts'

function agentWith(headers: { readonly [name: string]: string }): Agent {
  const exchange: Exchange = {
    method: 'GET',
    header: (name) => headers[name],
    secure: true,
    host: 'example.com',
    address: '203.0.113.7',
    isAborted: false,
    onClose() {},
  }
  return agentOf(observe(exchange))
}

describe('what is looked at', () => {
  it('is whether there is a User-Agent, and what it names', () => {
    assert.deepEqual(agentWith({}), { isNamed: false, hasHints: false })
    assert.deepEqual(agentWith({ 'user-agent': ' ' }), { isNamed: false, hasHints: false })
    assert.deepEqual(agentWith({ 'user-agent': 'curl/8' }), { isNamed: true, hasHints: false })
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'
    assert.deepEqual(agentWith({ 'user-agent': firefox }), {
      isNamed: true,
      browser: 'Firefox',
      version: 143,
      os: 'Linux',
      type: 'desktop',
      hasHints: false,
    })
  })

  const languages: readonly [header: string, language: string | undefined][] = [
    ['de-DE,de;q=0.9,en;q=0.8', 'de'],
    ['DE', 'de'],
    [' pt-BR', 'pt'],
    ['fil;q=0.3', 'fil'],
    ['*', undefined],
    ['', undefined],
    ['nonsense', undefined],
    ['<script>', undefined],
  ]
  for (const [header, language] of languages)
    it(`is the first language: ${JSON.stringify(header)} is ${language}`, () =>
      assert.equal(agentWith({ 'accept-language': header }).language, language))

  it('is whether there are client hints, and not what they say', () => {
    const [one, other] = ['"Chromium";v="140", "Not=A?Brand";v="24"', '"Not;A=Brand";v="99"'].map((hints) =>
      agentWith({ 'sec-ch-ua': hints }),
    )
    assert.deepEqual(one, { isNamed: false, hasHints: true })
    assert.deepEqual(other, one)
  })
})
