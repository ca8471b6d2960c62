import assert from 'node:assert/strict'
import { it } from 'node:test'
import { liveScript, panelStyle, timesScript } from 'coatcheck/devtools'
import { AssetFiles } from './asset-files.ts'

it('sends 50 KB of script and style at most, for all pages together', () => {
  const assets = new AssetFiles()
  for (const [name, text] of Object.entries({
    'panels.css': panelStyle,
    'times.js': timesScript,
    'live.js': liveScript,
  }))
    assets.add(name, text)
  const sizes = [...assets.sizes].filter(([name]) => /\.(css|js)$/.test(name))
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0)
  assert.ok(sizes.length >= 10 && total <= 50_000, `${total} bytes: ${sizes.join('  ')}`)
})
