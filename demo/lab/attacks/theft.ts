import type { Attack } from '../attack.ts'
import type { Run } from '../run.ts'
import { weakRoom } from '../weak-sessions.ts'

const tries = async (run: Run): Promise<void> => {
  await run.client('thief', run.notes.get('ticket')).get('account')
}

export const theft: Attack = {
  name: 'theft',
  title: 'A stolen ticket',
  happens: 'Somebody copies your ticket into another browser; you notice, and log out.',
  question: 'You have logged out, and your browser has dropped its ticket. Is the thief still in?',
  answers: ['Yes, the copy goes on working', 'No, logging out ended it'],
  setup: {
    off: 'The logout deletes the cookie in your browser and nothing else. It looks the same to you.',
    on: 'coatcheck: `session.signOut()`.',
  },
  rooms: ({ side, path, safeRoom }) => [side === 'off' ? weakRoom({ path, logout: 'cookie' }) : safeRoom('lab-theft')],
  steps: [
    {
      label: 'Log in as Alice',
      text: 'You get a throwaway ticket. It opens nothing but this run’s cloakroom, so it is shown whole.',
      posts: { action: 'login' },
    },
    {
      label: 'Let the thief in',
      text: 'A second client, of the server itself, asks for the account with a copy of your ticket. Do the same by hand, in a terminal or in a private window: the copy is below.',
      play: tries,
    },
    {
      label: 'Log out',
      text: 'You have noticed, and end it from your own browser.',
      posts: { action: 'logout' },
    },
    { label: 'Let the thief try again', text: 'The same client, with the same copy.', play: tries },
  ],
  async judge({ room, notes }) {
    const holder = await room.holderOf(notes.get('ticket') ?? '')
    return holder
      ? { succeeded: true, text: `You are out; the thief is in. To the server, the holder of the copy is ${holder}.` }
      : { succeeded: false, text: 'The record is gone from the server, so every copy of the ticket opens nothing.' }
  },
  why: [
    'A ticket is a bearer’s: as long as the session lives, a copy is as good as the original, on both servers. No library can change that for a plain cookie. What differs is the end.',
    'Without the defence the logout told your browser to forget, and the server forgot nothing. Sites that keep the session in a signed cookie have it no other way: there is nothing on the server to delete. coatcheck deletes the record, at once and for every process. Your other devices can end it too, and a ticket that was replaced in the meantime is recognised when it comes back.',
  ],
  limits:
    'Before the logout the copy works here as well. HttpOnly keeps scripts from making one, `Secure` keeps it off the open wire, and a short idle timeout limits what it is worth.',
  lines: [
    {
      does: 'A logout deletes the record, and waits for nobody',
      path: 'src/core/commit.ts',
      first: '/** Deletes take no lock',
      last: 'return hasEnded',
    },
    {
      does: 'The weak server: the record stays',
      path: 'demo/lab/weak-sessions.ts',
      first: 'if (isSignedOut) {',
      last: "send(c, '', 0)",
    },
  ],
}
