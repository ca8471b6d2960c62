import type { FunctionGroup } from './session-function.ts'

export const id: FunctionGroup = {
  id: 'session-id',
  title: 'The ID',
  functions: [
    {
      name: 'session_id',
      title: 'Which session is this?',
      php: `session_start();
session_id();`,
      native: 'session.handle',
      typescript: 'session.handle',
      note: 'PHP gives you the secret itself, which opens the session for whoever reads it in a log. A handle names the record and opens nothing; there is no setter, so nobody can plant an ID.',
      run: async ({ c, sessions }) => (await sessions.open(c)).handle,
    },
    {
      name: 'session_create_id',
      title: 'Make an ID',
      php: `session_create_id('lab-');`,
      note: 'No equivalent: an ID that the application can choose is one that an attacker may choose. Each record gets 16 random bytes and a secret of 32 when it is first stored; the secret changes at every sign-in.',
    },
    {
      name: 'session_regenerate_id',
      title: 'Change the ID, as PHP does by default',
      php: `session_start();
session_regenerate_id();`,
      native: 'session.regenerateId()',
      typescript: 'session.regenerateId()',
      note: 'Without true, PHP leaves the old file, and the old ID opens it until the file is cleaned up. Here the old cookie is dead at once, and the record stays where it is: only its secret changes.',
      run: async ({ c, sessions }) => (await sessions.open(c)).regenerateId(),
    },
  ],
}
