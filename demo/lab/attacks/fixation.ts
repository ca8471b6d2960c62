import type { Attack } from '../attack.ts'
import { weakRoom } from '../weak-sessions.ts'

export const fixation: Attack = {
  name: 'fixation',
  title: 'Session fixation',
  happens: 'The attacker gives you a ticket of their own, and waits until you have logged in with it.',
  question: 'You log in while your browser holds the attacker’s ticket. What is their copy of it worth then?',
  answers: ['It opens my account', 'Nothing: I have logged in since'],
  setup: {
    off: 'The server takes the ID that the browser brings, and keeps it at login. A server-made ID, so checking who made it would not help.',
    on: 'coatcheck: `session.signIn(user)` at login, and nothing else.',
  },
  rooms: ({ side, path, safeRoom }) => [side === 'off' ? weakRoom({ path }) : safeRoom('lab-fixation')],
  steps: [
    {
      label: 'Plant the ticket',
      text: 'The attacker leaves an umbrella at the lab’s cloakroom, gets a ticket for it, and plants it in your browser. Here the lab sets it; out there, a neighbour does: any host of the same domain, or any port of the same host, may set cookies for you.',
      async play(run) {
        const attacker = run.client('attacker')
        await attacker.post('hang', { what: 'an umbrella' })
        run.notes.set('cookie', attacker.cookie)
        run.plants = attacker.cookie
      },
    },
    {
      label: 'Log in as Alice',
      text: 'You log in at the cloakroom. Your browser sends the planted ticket along.',
      posts: { action: 'login' },
    },
    {
      label: 'Let the attacker try',
      text: 'The attacker asks for the account with the ticket that they have had from the beginning.',
      async play(run) {
        await run.client('attacker', run.notes.get('cookie')).get('account')
      },
    },
  ],
  async judge({ room, notes }) {
    const holder = await room.holderOf(notes.get('cookie') ?? '')
    return holder
      ? { succeeded: true, text: `To the server, whoever holds the attacker’s ticket is ${holder}.` }
      : { succeeded: false, text: 'The attacker’s ticket opens nothing. Alice got another one when she logged in.' }
  },
  why: [
    'Without the defence, your browser and the attacker hold the same ticket before the login and after it. Who logs in on it logs in both. No password was stolen, and no cookie was read.',
    'coatcheck changes the ticket at every change of privilege. The record keeps its place, and so does the umbrella that was left before; its secret is another one, and the old secret is spent at once. In PHP that is `session_regenerate_id(true)`, which somebody has to remember. `signIn` can’t forget it.',
  ],
  limits:
    'Over https the cookie is called `__Host-…`, so that neighbours can’t plant one at all. Over plain http, as on this machine, they can; the change at login is what holds.',
  lines: [
    {
      does: 'A fresh secret, and the old one is spent',
      path: 'src/core/next-body.ts',
      first: 'function planPrivilege(',
      last: 'rotatedAt: now,',
    },
    {
      does: 'The weak server: whatever ID comes is taken',
      path: 'demo/lab/weak-sessions.ts',
      first: 'async open(c) {',
      last: 'const id =',
    },
  ],
}
