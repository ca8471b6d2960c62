// npm run test:nodes -- 22 24 26 src: the tests on other versions of Node, fetched by npx. Words and options are those of npm test.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const given = process.argv.slice(2)
const isVersion = (argument) => /^\d+(\.\d+)*$/.test(argument)
const versions = given.some(isVersion) ? given.filter(isVersion) : ['22', '24', '26']
const others = given.filter((argument) => !isVersion(argument))

const failed = versions.filter((version) => {
  const node = binaryOf(version)
  console.log(`\nNode ${version}: ${node ?? 'not to be had'}`)
  return !node || run(node, [join(root, 'scripts', 'test.mjs'), ...others]).status !== 0
})
console.log(failed.length ? `\nFailed on Node ${failed.join(', ')}` : `\nPassed on Node ${versions.join(', ')}`)
process.exitCode = failed.length ? 1 : 0

function binaryOf(version) {
  const { status, stdout } = spawnSync('npx', ['-y', `node@${version}`, '-p', 'process.execPath'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return status === 0 ? stdout.trim() : undefined
}

function run(node, args) {
  const separator = process.platform === 'win32' ? ';' : ':'
  const env = { ...process.env, PATH: `${dirname(node)}${separator}${process.env.PATH}` }
  return spawnSync(node, args, { cwd: root, env, stdio: 'inherit' })
}
