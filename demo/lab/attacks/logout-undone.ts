import type { Attack } from '../attack.ts'
import { weakRoom } from '../weak-sessions.ts'

export const logoutUndone: Attack = {
  name: 'logout-undone',
  title: 'A logout undone',
  happens: 'You log out while a slow request is still at work; when it is done, it saves the session that it knows.',
  question: 'The logout has deleted the record. Then the slow request ends. Is the session over?',
  answers: ['No, it is back', 'Yes, deleted is deleted'],
  setup: {
    off: 'A save stores the whole session, whether its record still exists or not. Of the libraries that `npm run compare` measures, most do.',
    on: 'coatcheck: a write replaces the version that was read, or nothing.',
  },
  rooms: ({ side, path, safeRoom }) => [side === 'off' ? weakRoom({ path }) : safeRoom('lab-logout-undone')],
  steps: [
    {
      label: 'Log out in the middle',
      text: 'The server plays your two tabs again: one begins something slow, the other logs out, then the slow one ends. At last a thief tries the ticket from before the logout.',
      async play(run) {
        const browser = run.client('browser')
        await browser.post('login')
        run.notes.set('cookie', browser.cookie)
        const [slow, other] = [run.client('tab 1', browser.cookie), run.client('tab 2', browser.cookie)]
        const held = run.hold()
        const hanging = slow.post('hang', { what: 'a hat' })
        await Promise.race([held.reached, hanging])
        await other.post('logout')
        run.notes.set('between', (await run.room.holderOf(browser.cookie)) ?? '')
        held.release()
        await hanging
        await run.client('thief', browser.cookie).get('account')
      },
    },
  ],
  async judge({ room, notes }) {
    const holder = await room.holderOf(notes.get('cookie') ?? '')
    const between = notes.get('between') ? 'was still there after the logout' : 'was gone after the logout'
    return holder
      ? {
          succeeded: true,
          text: `The session ${between}, and is back: to the server, the holder of the old ticket is ${holder}.`,
        }
      : {
          succeeded: false,
          text: `The session ${between}, and stays gone. The slow request was told so: 409, nothing stored.`,
        }
  },
  why: [
    'To save without looking is to create. The slow request had its copy from before the logout, and writes it back under the same ID: you are logged in again, with nobody at the keyboard.',
    'In coatcheck only a visitor without a session creates a record, under a new ID. Every other write is a compare-and-set: without the record there is nothing to replace, and the request gets `ERR_SESSION_GONE`, a 409, instead of a success that is none. The logout itself takes no turn and waits for nobody.',
  ],
  limits:
    'The slow request’s work outside the session, such as a payment, has happened all the same: the 409 only says that the session has not kept it.',
  lines: [
    {
      does: 'What a refused write may still do: nothing',
      path: 'src/core/commit.ts',
      first: 'accepts(theirs) {',
      last: 'return false',
    },
    {
      does: 'The weak server: saving is creating',
      path: 'demo/lab/weak-sessions.ts',
      first: 'const save = (id',
      last: '}',
    },
  ],
}
