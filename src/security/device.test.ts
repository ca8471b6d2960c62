import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Exchange, Sessions } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { describeDevice } from './device.ts'

const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36'

function exchange(userAgent: string | undefined, address: string | undefined): Exchange {
  return {
    method: 'POST',
    header: (name) => (name === 'user-agent' ? userAgent : undefined),
    secure: true,
    host: 'example.com',
    address,
    isAborted: false,
    onClose() {},
  }
}

describe('describeDevice', () => {
  const device = { browser: 'Chrome 140', os: 'Windows', type: 'desktop' }

  it('tells browser, system and kind of device, and the network it is in', () => {
    assert.deepEqual(describeDevice()(exchange(chrome, '203.0.113.77')), { ...device, address: '203.0.113.0/24' })
  })

  it('keeps the whole address, or none, where it is told to', () => {
    const describe = (address: 'full' | 'none') => describeDevice({ address })(exchange(chrome, '::ffff:203.0.113.77'))
    assert.deepEqual(describe('full'), { ...device, address: '203.0.113.77' })
    assert.deepEqual(describe('none'), device)
  })

  it('leaves out what it does not know', () => {
    assert.deepEqual(describeDevice()(exchange('curl/8.5.0', undefined)), {})
    assert.deepEqual(describeDevice()(exchange(undefined, 'nonsense')), {})
    assert.deepEqual(describeDevice()(exchange('Firefox/', '')), { browser: 'Firefox' })
  })

  it('refuses another detail than these', () => {
    assert.throws(() => describeDevice({ address: 'half' as 'full' }), {
      name: 'TypeError',
      message: "address must be 'full', 'network' or 'none', got \"half\"",
    })
  })

  it('is what a session and the list of a user’s sessions show', async () => {
    const sessions = new Sessions({ store: memoryStore(), device: describeDevice() })
    const request = {}
    sessions.attach(request, exchange(chrome, '2001:db8:1:2::3'))
    const session = await sessions.open(request)
    session.signIn('alice')
    await sessions.commit(request)
    const expected = { ...device, address: '2001:db8:1::/48' }
    const [listed] = await sessions.ofUser('alice').list({ current: session })
    assert.deepEqual([session.device, listed?.device, listed?.isCurrent], [expected, expected, true])
  })
})
