import type { Attack } from '../attack.ts'
import { weakRoom } from '../weak-sessions.ts'

export const backAfterLogout: Attack = {
  name: 'back',
  title: 'Back after logout',
  happens: 'You log out on a shared computer and walk away; the next person presses Back.',
  question: 'The session is over, on the server too. The next person presses Back. What do they see?',
  answers: ['My private page, as it was', 'The login page'],
  setup: {
    off: 'The record is deleted at logout, as it should be. The page says nothing of caches.',
    on: 'coatcheck sends `no-store`, and the page has one line of script: restored from memory, it asks the server again.',
  },
  rooms: ({ side, path, safeRoom }) => [side === 'off' ? weakRoom({ path }) : safeRoom('lab-back')],
  landsOn: 'cloakroom',
  steps: [
    {
      label: 'Log in as Alice',
      text: 'You land on a private page of the lab’s cloakroom.',
      posts: { action: 'login' },
    },
    {
      label: 'Go to the private page',
      text: 'There, log out, and then press your browser’s Back button. If the private page comes back, press its button “I can read this”.',
      link: (run) => `${run.path}/account`,
      awaits: 'logout',
    },
    {
      label: 'Press Back',
      text: 'On the page that told you that you are logged out. What you get decides.',
      awaits: 'back',
    },
  ],
  async judge({ notes, evidence }) {
    const asked = evidence.at(-1)?.request
    if (notes.get('seen')) {
      return {
        succeeded: true,
        text: 'The private page was read after the logout, and the server was not asked: its last word on that page is from before. The browser had kept the page in memory, whole.',
      }
    }
    return {
      succeeded: false,
      text: `The browser asked again, ${asked?.method ?? 'GET'}, and the server, which knows nobody by that ticket any more, sent the login.`,
    }
  },
  why: [
    'Browsers keep the last pages whole, with all that was typed and loaded, to make Back instant: the back/forward cache. Restoring one asks nobody. Measured in Chromium: `Cache-Control: no-store` does not prevent it, nor does deleting the cookie, nor `Clear-Site-Data` with the logout.',
    'The page itself is told: `pageshow` with `persisted` set. One line reloads it, and the reload is an ordinary request, which the server answers as it answers any stranger. `no-store` still matters for caches on the way and for browsers that heed it.',
  ],
  limits:
    'This defence needs JavaScript. With it switched off, both runs end alike. A page with an open connection, such as a stream that ends at logout, is not kept either.',
  lines: [
    { does: 'The defence, in the page', path: 'demo/assets/app.js', first: "addEventListener('pageshow'", last: '})' },
    {
      does: 'No cache may keep what a session was opened for',
      path: 'src/core/sessions.ts',
      first: 'function headersOf(',
      last: '}',
    },
  ],
}
