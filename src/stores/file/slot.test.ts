import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { SessionId, SessionRecord, Version } from '../../core/store.ts'
import type { Token } from '../shared/process-identity.ts'
import type { FileSystem } from './file-system.ts'
import { layoutOf, recordPath } from './layout.ts'
import { decodeRecord, encodeRecord } from './record-file.ts'
import { simulatedFileSystem, type Tree } from './simulated-file-system.ts'
import { evict, slotOf } from './slot.ts'
import { storeIn } from './store-in.ts'

/*
 * The store's own code, run over a directory tree in memory, in every order of its steps. A process that is killed is one that takes
 * no further step, and what must hold is checked after each step: so a kill at any moment is among the orders.
 */

const layout = layoutOf('')
const id = 'ab'.repeat(32) as SessionId
const file = recordPath(layout, id)
const options = { now: 1000, signal: new AbortController().signal }

function record(version: string): SessionRecord {
  const body = new TextEncoder().encode(`{"version":"${version}"}`)
  return { id, version: version as Version, expiresAt: 9000, lastSeenAt: 1000, body }
}

/** What one process does. It may be asked again after it had to wait. */
type Action = (fs: FileSystem, newToken: () => Token) => unknown

const directory = (fs: FileSystem, newToken: () => Token) => ({
  fs,
  layout,
  preparation: layout.preparation,
  newToken,
  maxFileBytes: 1000,
})
const write =
  (version: string, expected: string): Action =>
  (fs, newToken) =>
    storeIn(directory(fs, newToken)).write(record(version), expected as Version, options)
const remove: Action = (fs, newToken) => storeIn(directory(fs, newToken)).delete(id, options)
const touch: Action = (fs, newToken) =>
  storeIn(directory(fs, newToken)).touch(id, { expiresAt: 9500, lastSeenAt: 1500 }, options)
/** Thinks whoever it finds in the slot dead, rightly or not. */
const breaker: Action = (fs) => {
  const occupant = fs.names(slotOf(file))[0]
  if (occupant !== undefined) evict(fs, file, occupant)
}

interface Actor {
  /** The answers to the steps taken in this run, to take them again from. */
  readonly steps: readonly Step[]
  /** How often it started again after it had to wait. */
  readonly runs: number
  readonly done?: { readonly answer: unknown }
}
interface Step {
  readonly value?: unknown
  readonly error?: Error
}
interface State {
  readonly tree: Tree
  readonly actors: readonly Actor[]
  /** The versions that the file has had, the latest last; 'absent' after a removal. */
  readonly history: readonly string[]
}

/** Thrown where a process would take a step when it isn't its turn. */
class NotYet extends Error {}

const WAITS = Symbol('waits')

/** Less than any timer, and enough for a promise that is about to settle. */
async function fewTicks(): Promise<typeof WAITS> {
  for (let ticks = 0; ticks < 8; ticks++) await undefined
  return WAITS
}

/** One more step of an actor: it takes those it has taken again, from their recorded answers, then one in the tree. */
async function advance(state: State, index: number, action: Action, faulty: Faulty): Promise<State> {
  const tree: Tree = new Map(state.tree)
  const real = faulty(simulatedFileSystem(tree), tree)
  const actor = state.actors[index]!
  const steps = [...actor.steps]
  let position = 0
  let turnIsOver = false
  function step<T>(isPrivate: boolean, run: () => T): T {
    if (position === steps.length) {
      if (turnIsOver) throw new NotYet()
      // What happens under a name that no one else knows yet needs no turn of its own.
      turnIsOver = !isPrivate
      try {
        steps.push({ value: run() })
      } catch (error) {
        steps.push({ error: error as Error })
      }
    }
    const { value, error } = steps[position++]!
    if (error) throw error
    return value as T
  }
  const isPrivate = (path: string) => path.startsWith(`${layout.preparation}/`)
  const fs: FileSystem = {
    read: (path, max) => step(false, () => real.read(path, max)),
    names: (path) => step(isPrivate(path), () => real.names(path)),
    exists: (path) => step(isPrivate(path), () => real.exists(path)),
    create: (path, content) => step(isPrivate(path), () => real.create(path, content)),
    makeDirectory: (path) => step(isPrivate(path), () => real.makeDirectory(path)),
    rename: (from, to) => step(false, () => real.rename(from, to)),
    removeFile: (path) => step(isPrivate(path), () => real.removeFile(path)),
    removeDirectory: (path) => step(isPrivate(path), () => real.removeDirectory(path)),
  }
  let tokens = 0
  let changed: Actor
  try {
    let answer = action(fs, () => `${index}-${actor.runs}-${tokens++}` as Token)
    if (answer instanceof Promise) answer = await Promise.race([answer, fewTicks()])
    if (answer !== WAITS) changed = { steps: [], runs: 0, done: { answer } }
    // It waits for the slot, and will try again.
    else changed = { steps: [], runs: actor.runs + 1 }
  } catch (error) {
    if (!(error instanceof NotYet)) throw error
    changed = { steps, runs: actor.runs }
  }
  turnIsOver = true
  position = steps.length
  // What it prepared before it waited is its own to remove, and disturbs no one.
  if (changed.steps.length === 0) {
    for (const path of tree.keys()) if (path.startsWith(`${layout.preparation}/${index}-`)) tree.delete(path)
  }
  const version = versionIn(tree)
  const history = state.history.at(-1) === version ? state.history : [...state.history, version]
  return { tree, actors: state.actors.with(index, changed), history }
}

function versionIn(tree: Tree): string {
  const content = tree.get(file)
  if (content === undefined) return 'absent'
  assert.ok(content instanceof Uint8Array)
  const { version, expiresAt } = decodeRecord(id, content)
  return expiresAt === 9000 ? version : `${version}, touched`
}

/** How often one that had to wait tries again, before its history is left there. */
const RETRIES = Number(process.env.RACE_RETRIES ?? 1)

/** Tries all orders; throws what `check` throws, with the history. Returns how many states there are. */
async function explore(
  actions: readonly Action[],
  check: (state: State) => unknown,
  faulty: Faulty = (fs) => fs,
): Promise<number> {
  Error.stackTraceLimit = 0
  const tree: Tree = new Map(
    ['', layout.records, file.slice(0, file.lastIndexOf('/')), layout.preparation].map((path) => [path, 'directory']),
  )
  tree.set(file, encodeRecord(record('first')))
  const start: State = { tree, actors: actions.map(() => ({ steps: [], runs: 0 })), history: ['first'] }
  const seen = new Set<string>()
  const open = [start]
  for (let state = open.pop(); state; state = open.pop()) {
    for (const [index, action] of actions.entries()) {
      const { done, runs } = state.actors[index]!
      if (done || runs > RETRIES) continue
      const next = await advance(state, index, action, faulty)
      const key = keyOf(next)
      if (seen.has(key)) continue
      seen.add(key)
      await check(next)
      open.push(next)
    }
  }
  return seen.size
}

function keyOf({ tree, actors, history }: State): string {
  const text = (value: unknown): string =>
    value instanceof Uint8Array ? `${value.byteLength}${Buffer.from(value).toString('latin1', 80, 160)}` : String(value)
  const entries = [...tree].map(([path, entry]) => `${path}:${text(entry)}`).sort()
  const steps = actors.map(({ steps, runs, done }) => [
    runs,
    text((done?.answer as { ok?: boolean } | undefined)?.ok ?? done),
    ...steps.map(({ value, error }) => (error ? error.message : text(value))),
  ])
  return createHash('sha256')
    .update(JSON.stringify([entries, steps, history]))
    .digest('base64')
    .slice(0, 22)
}

/** A version replaces the one it was based on, or nothing does; gone is gone; and what a caller was told is so. */
function checkWrites(writes: Readonly<Record<number, { version: string; expected: string }>>, remover?: number) {
  return ({ actors, history }: State): void => {
    const versions = history.map((version) => version.replace(', touched', ''))
    for (const [index, version] of versions.entries()) {
      const before = versions[index - 1]
      if (before === undefined || before === version || version === 'absent') continue
      const write = Object.values(writes).find((write) => write.version === version)
      assert.equal(before, write?.expected, `replaced what it had not read: ${history.join(' → ')}`)
    }
    for (const [index, { version }] of Object.entries(writes)) {
      const answer = actors[Number(index)]?.done?.answer as { ok: boolean } | undefined
      if (answer) assert.equal(answer.ok, versions.includes(version), `told ${answer.ok}: ${history.join(' → ')}`)
    }
    if (remover !== undefined && actors[remover]?.done) assert.equal(history.at(-1), 'absent')
  }
}

type Faulty = (fs: FileSystem, tree: Tree) => FileSystem

describe('a change of a file, in every order of its steps', { timeout: 600_000 }, () => {
  const a = { version: 'a', expected: 'first' }
  const b = { version: 'b', expected: 'first' }
  const c = { version: 'c', expected: 'a' }

  it('is made by one of two writers, whoever is thought dead', async (t) => {
    const actions = [write('a', 'first'), write('b', 'first'), breaker]
    t.diagnostic(`${await explore(actions, checkWrites({ 0: a, 1: b }))} states`)
  })
  it('keeps every acknowledged write in a chain of them', async (t) => {
    const actions = [write('a', 'first'), write('c', 'a'), breaker]
    t.diagnostic(`${await explore(actions, checkWrites({ 0: a, 1: c }))} states`)
  })
  it('never brings back what is deleted', async (t) => {
    t.diagnostic(`${await explore([write('a', 'first'), remove, breaker], checkWrites({ 0: a }, 1))} states`)
  })
  const skip = process.env.RACE_EXHAUSTIVE === undefined && 'takes minutes: set RACE_EXHAUSTIVE'
  it('never brings back what is deleted while two write', { skip }, async (t) => {
    const actions = [write('a', 'first'), write('b', 'first'), remove, breaker]
    t.diagnostic(`${await explore(actions, checkWrites({ 0: a, 1: b }, 2))} states`)
  })
  it('moves the times of a live record only, and undoes no write', async (t) => {
    t.diagnostic(`${await explore([write('a', 'first'), touch, breaker], checkWrites({ 0: a }))} states`)
    t.diagnostic(`${await explore([touch, remove, breaker], checkWrites({}, 1))} states`)
  })
  it('lets the next one through after a kill at any step', async () => {
    await explore([write('a', 'first'), remove, breaker], ({ tree }) => {
      const left: Tree = new Map(tree)
      const fs = simulatedFileSystem(left)
      const newToken = () => 'later' as Token
      breaker(fs, newToken)
      const answer = remove(fs, newToken)
      assert.equal(answer, undefined, 'had to wait')
      assert.deepEqual([left.has(file), fs.names(slotOf(file))], [false, []])
    })
  })

  describe('goes wrong, and is seen to, when', () => {
    const fails = async (faulty: Faulty) => {
      await assert.rejects(async () => {
        await explore([write('a', 'first'), write('b', 'first'), breaker], checkWrites({ 0: a, 1: b }), faulty)
        await explore([write('a', 'first'), remove, breaker], checkWrites({ 0: a }, 1), faulty)
      }, assert.AssertionError)
    }

    it('a commit does not depend on the token', async () => {
      await fails((fs, tree) => ({
        ...fs,
        rename(from, to) {
          if (to !== file || tree.has(from)) return fs.rename(from, to)
          tree.set(file, encodeRecord(record(from.includes('/0-') ? 'a' : 'b')))
        },
      }))
    })
    it('a removal does not depend on the token', async () => {
      await fails((fs, tree) => ({
        ...fs,
        rename(from, to) {
          if (from !== file) return fs.rename(from, to)
          tree.delete(file)
        },
      }))
    })
    it('a slot can be entered that is taken', async () => {
      await fails((fs, tree) => ({
        ...fs,
        rename(from, to) {
          if (to !== slotOf(file) || !tree.has(to)) return fs.rename(from, to)
          const token = from.slice(from.lastIndexOf('/'))
          tree.set(to + token, tree.get(from + token)!)
        },
      }))
    })
  })
})
