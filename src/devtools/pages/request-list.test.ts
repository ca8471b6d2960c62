import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RequestList } from './request-list.tsx'

it('draws equal steps in a row as one, with the time of them all', () => {
  const read = { text: 'List records', duration: 1 }
  const steps = [read, read, { text: 'Write record', duration: 2 }, read]
  const request = { at: 0, method: 'GET', path: '/', cookies: [], cookieBytes: 0, steps }
  const html = String(RequestList({ requests: [request], now: 0 }))
  const drawn = [...html.matchAll(/"step-title">([^<]*)<\/span><span class="step-aside">([^<]*)</g)]
  assert.deepEqual(
    drawn.map(([, title, aside]) => `${title}: ${aside}`),
    ['List records, 2 times: 2.00 ms', 'Write record: 2.00 ms', 'List records: 1.00 ms'],
  )
})
