import { codec } from 'coatcheck'
import type { FunctionGroup } from './session-function.ts'

export const data: FunctionGroup = {
  id: 'data',
  title: 'Data',
  functions: [
    {
      name: 'session_unset',
      title: 'Empty the session',
      php: `session_start();
session_unset();`,
      native: 'delete session.data[key]',
      typescript: 'for (const key of Object.keys(session.data)) delete session.data[key]',
      note: 'The record and the cookie stay, in both. A plain object is emptied key by key; destroy() ends the session as well.',
      run: async ({ c, sessions }) => {
        const session = await sessions.open(c)
        for (const key of Object.keys(session.data)) delete session.data[key]
      },
    },
    {
      name: 'session_encode',
      title: 'The data as text',
      php: `session_start();
session_encode();`,
      native: 'codec.encode(value, key)',
      typescript: `import { codec } from 'coatcheck'
const entries = Object.entries(session.data)
entries.map(([key, value]) => \`\${key}:\${codec.encode(value, key)}\`)`,
      note: 'PHP encodes the whole array in its own format, and false is its answer to an empty one. A codec writes one key at a time: JSON where that keeps the value whole, so Date, Map, Set and BigInt come back as they were.',
      run: async ({ c, sessions }) =>
        Object.entries((await sessions.open(c)).data).map(([key, value]) => `${key}:${codec.encode(value, key)}`),
    },
    {
      name: 'session_decode',
      title: 'Data from text',
      php: `session_start();
session_decode('coat|s:6:"duffle";');`,
      native: 'codec.decode(text)',
      typescript: `import { codec } from 'coatcheck'
session.data.coat = String(codec.decode('"duffle"'))`,
      note: 'One byte wrong, and PHP destroys the session, its file included. codec.decode throws, and nothing has changed.',
      run: async ({ c, sessions }) => {
        const session = await sessions.open(c)
        session.data.coat = String(codec.decode('"duffle"'))
        return session.data.coat
      },
    },
  ],
}
