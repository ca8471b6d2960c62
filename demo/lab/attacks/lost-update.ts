import { setImmediate } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import { weakRoom } from '../weak-sessions.ts'

export const lostUpdate: Attack = {
  name: 'lost-update',
  title: 'Two tabs at once',
  happens: 'Two tabs change the same session at the same moment, and one change vanishes without a word.',
  question: 'One tab hangs up a hat, the other a scarf. Both are answered “done”. What hangs there?',
  answers: ['Only one of them', 'A hat and a scarf'],
  setup: {
    off: 'A session is loaded whole when a request begins, and saved whole when it ends. Most session libraries do it like this.',
    on: 'coatcheck, with its default: requests that change a session take turns.',
  },
  rooms: ({ side, path, safeRoom }) => [side === 'off' ? weakRoom({ path }) : safeRoom('lab-lost-update')],
  steps: [
    {
      label: 'Press both buttons',
      text: 'Nobody presses two buttons at once, so the server plays your two tabs: real HTTP clients with one ticket. The first is held in the middle of its work until the other has arrived.',
      async play(run) {
        const browser = run.client('browser')
        await browser.post('login')
        const [one, other] = [run.client('tab 1', browser.cookie), run.client('tab 2', browser.cookie)]
        const held = run.hold()
        const first = one.post('hang', { what: 'a hat' })
        await Promise.race([held.reached, first])
        const arrived = run.nextArrival()
        const second = other.post('hang', { what: 'a scarf' })
        await Promise.race([arrived, second])
        // It has opened its session by then, or stands in line.
        await setImmediate()
        held.release()
        await Promise.all([first, second])
      },
    },
  ],
  async judge({ room }) {
    const kept = (await room.kept()).find(({ user }) => user === 'alice')?.data ?? ''
    const lost = ['hat', 'scarf'].filter((what) => !kept.includes(what))
    return lost.length > 0
      ? {
          succeeded: true,
          text: `Both were told “done”. The ${lost.join(' and the ')} is gone, and no log knows of it.`,
        }
      : {
          succeeded: false,
          text: 'Both hang there. The second request waited until the first was stored, and built on it.',
        }
  },
  why: [
    'The second request loaded the session before the first had saved it. It knows of no hat, and saves what it knows: last write wins. A page that fires several requests at once does that to itself, without any attacker.',
    "In coatcheck a POST takes its turn, as in PHP, but readers never wait. Where waiting costs too much, two other ways are as exact: `await session.update(fn)`, or a declared merge such as `merge: { hooks: 'append' }`. And a write replaces the very version that was read, or is refused: a stale one can’t get through.",
  ],
  limits:
    'Requests opened `shared`, as GETs are, run side by side: different keys are merged, but of one key without a rule the later change wins, and an event says so.',
  lines: [
    {
      does: 'A request takes its turn, then reads',
      path: 'src/core/opening.ts',
      first: '/** Waits for this request',
      last: 'const standing = judge(engine, ticket, locked.record)',
    },
    {
      does: 'A write names the version that it replaces',
      path: 'src/core/rewrite.ts',
      first: 'const stored = makeRecord(engine, theirs.record.id',
      last: 'theirs = current',
    },
  ],
}
