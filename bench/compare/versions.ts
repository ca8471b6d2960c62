import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** `express 5.3.0`; of what is installed, as it runs. */
export function versionsOf(name: string): string {
  if (name === 'php') return `PHP ${spawnSync('php', ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' }).stdout}`
  const folders = name === 'coatcheck' ? ['.'] : [`bench/node_modules/${name}`, `node_modules/${name}`]
  const folder = folders.find((path) => existsSync(`${path}/package.json`))
  return `${name} ${JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).version}`
}
