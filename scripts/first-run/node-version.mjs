// The first import of every script that people start: it says what is wrong before anything newer fails to parse.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const problem = versionProblem(process.versions.node, engines.node)
if (problem) {
  console.error(problem)
  process.exit(1)
}

/**
 * A sentence about a Node that is too old, or nothing.
 *
 * @param {string} current such as `20.19.0`
 * @param {string} range such as `>=20.19`
 */
export function versionProblem(current, range) {
  const needed = range.replace(/^>=\s*/, '')
  const [major, minor] = current.split('.').map(Number)
  const [neededMajor, neededMinor = 0] = needed.split('.').map(Number)
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined
  return `This needs Node.js ${needed} or newer, and ${process.execPath} is ${current}. Get one from https://nodejs.org, then run the command again.`
}
