import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { phpSerialize } from 'coatcheck/php/formats'
import fc from 'fast-check'
import { php } from '../needs.ts'
import { post } from './differential/asking.ts'
import { type NodeSide, nodeSide, type Result } from './differential/node-side.ts'
import { formats, type SettingsPlan } from './differential/operations.ts'
import { phpSide } from './differential/php-side.ts'
import { type InterleavedPlan, interleaved, Model } from './interleaved-model.ts'

// The same 500 lists in every run of the tests; INTERLEAVED=20000 for so many others, INTERLEAVED_SEED=… for those of one run.
const { INTERLEAVED, INTERLEAVED_SEED } = process.env
const numRuns = Number(INTERLEAVED ?? 500)
const seed = Number(INTERLEAVED_SEED ?? (INTERLEAVED ? Date.now() % 2 ** 31 : 1))

describe('a visitor who goes back and forth between PHP and Node', () => {
  it('finds everything as it was left, whoever answers', { skip: php().skip, timeout: 3_600_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-interleaved-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const sides = { php: await phpSide(t), node: await nodeSide(t) }
    await fc.assert(
      fc.asyncProperty(interleaved, (plan) => follow(plan, sides, folder)),
      { numRuns, includeErrorInReport: true, seed },
    )
  })

  it('loses no change when both answer at once', { skip: php().skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-interleaved-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const sides = { php: await phpSide(t), node: await nodeSide(t) }
    const settings = settingsOf({ format: 'php', isStrict: false, isLazy: true })
    sides.node.serve(settings, folder, new Date())
    const body = JSON.stringify({
      settings: { ...settings, save_path: folder },
      operations: [
        ['start', []],
        ['push', ['cart', 'hat']],
      ],
    })
    const asked = Array.from({ length: 60 }, (_, index) =>
      post(index % 2 ? sides.php : sides.node.url, 'PHPSESSID=abc', body),
    )
    assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]))
    const stored = formats[0]!.decode(readFileSync(join(folder, 'sess_abc')))
    assert.deepEqual([...stored], [['cart', Array.from({ length: 60 }, () => 'hat')]])
  })
})

async function follow(
  plan: InterleavedPlan,
  sides: { readonly php: string; readonly node: NodeSide },
  folder: string,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const settings = settingsOf(plan)
  const format = formats.find(({ name }) => name === plan.format)!
  sides.node.serve(settings, folder, new Date())
  const model = new Model(plan.isStrict)
  for (const [index, { side, operations }] of plan.requests.entries()) {
    const body = JSON.stringify({ settings: { ...settings, save_path: folder }, operations })
    const cookie = model.jar === undefined ? '' : `PHPSESSID=${model.jar}`
    const answer = await post(side === 'php' ? sides.php : sides.node.url, cookie, body)
    assert.equal(answer.status, 200, answer.body)
    const results: readonly Result[] = side === 'php' ? JSON.parse(answer.body) : sides.node.results
    const request = model.request()
    for (const [step, operation] of operations.entries()) {
      const { id, data, status } = results[step]!
      const where = `request ${index} in ${side}, step ${step}, ${operation[0]}`
      assert.ok(request.step(operation, id), `${where}: the id ${id}`)
      assert.equal(status, request.isActive ? 2 : 1, where)
      assert.equal(Buffer.from(data, 'base64').toString(), serialized(phpSerialize, request.data), where)
    }
    const [sent] = answer.setCookies
    assert.equal(sent !== undefined, request.isCookieSent, `request ${index} in ${side}: ${sent}`)
    model.end(request, sent && /=([^;]*)/.exec(sent)![1])
    const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
    const expected = [...model.stored].map(([id, data]) => [`sess_${id}`, data] as const)
    assert.deepEqual(
      new Map(files.map(([name, text]) => [name, text || serialized(format, new Map())])),
      new Map(expected.map(([name, data]) => [name, serialized(format, data)])),
      `after request ${index} in ${side}`,
    )
  }
}

function serialized(format: (typeof formats)[number], data: ReadonlyMap<string, unknown>): string {
  return Buffer.from(format.encode(data as never)).toString()
}

function settingsOf({ format, isStrict, isLazy }: Omit<InterleavedPlan, 'requests'>): SettingsPlan {
  return {
    name: 'PHPSESSID',
    serialize_handler: format,
    use_strict_mode: isStrict ? 1 : 0,
    use_cookies: 1,
    lazy_write: isLazy ? 1 : 0,
    cookie_lifetime: 0,
    cookie_path: '/',
    cookie_domain: '',
    cookie_secure: 0,
    cookie_httponly: 1,
    cookie_samesite: 'Lax',
    cache_limiter: 'nocache',
    cache_expire: 180,
    sid_length: 32,
    sid_bits_per_character: 4,
  }
}
