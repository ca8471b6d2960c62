import type { Session } from 'coatcheck'

/** What the lab's session may hold: whatever a visitor puts under a key of their own. */
export type LabData = Record<string, string | number>

export interface SeedFunction {
  /** Names the button's address: `/functions/set`. */
  name: string
  title: string
  php: string
  /** What real PHP runs beside it, as a whole script: `$key` and `$value` are the visitor's, and only data. */
  phpScript: string
  typescript: string
  /** Both in a few words, for the list. */
  short: { php: string; typescript: string }
  /** What PHP does otherwise, or what to watch. */
  note: string
  /** The label of the button, and whether it asks for a key, or a key and a value. */
  button: string
  asks?: 'key' | 'key and value'
  /** What is filled in. */
  firstKey?: string
  firstValue?: string
  /** Does it, and returns what the call returned, in TypeScript's own notation. */
  run: (session: Session<LabData>, input: { key: string; value: string }) => unknown
}

/**
 * The functions of the original page, in its order. The comments are its own words. What `typescript` says is what `run`
 * does: a test executes the text and compares.
 */
export const seedFunctions: readonly SeedFunction[] = [
  {
    name: 'start',
    title: 'Start or resume a session',
    php: `// Start or resume a session (MUST be before any output)
session_start();`,
    typescript: `// Start or resume a session (MUST be before any output)
const session = await sessions.open(c)`,
    phpScript: 'session_start();',
    short: { php: 'session_start()', typescript: 'await sessions.open(c)' },
    note: 'PHP creates an empty record and sends a cookie at once. Here, a visitor who stores nothing costs nothing: no record, no cookie.',
    button: 'Start',
    run: ({ isStored, handle }) => ({ isStored, handle }),
  },
  {
    name: 'set',
    title: 'Store data',
    php: `// Store data in session
$_SESSION['user_id'] = 123;
$_SESSION['username'] = 'alice';
$_SESSION['role'] = 'admin';`,
    typescript: `// Store data in session
session.data.user_id = 123
session.data.username = 'alice'
session.data.role = 'admin'`,
    phpScript: `session_start();
$_SESSION['user_id'] = 123;
$_SESSION['username'] = 'alice';
$_SESSION['role'] = 'admin';`,
    short: { php: `$_SESSION['role'] = 'admin'`, typescript: `session.data.role = 'admin'` },
    note: 'The first write creates the record and sends the cookie. Storing a role here gives no rights: it is data in a lab session.',
    button: 'Store the three values',
    run: (session) => {
      session.data.user_id = 123
      session.data.username = 'alice'
      session.data.role = 'admin'
    },
  },
  {
    name: 'set-key',
    title: 'Store any key',
    php: `$_SESSION['temp_data'] = 'umbrella';`,
    typescript: `session.data.temp_data = 'umbrella'`,
    phpScript: `session_start();
$_SESSION[$key] = $value;`,
    short: { php: `$_SESSION['temp_data'] = 'umbrella'`, typescript: `session.data.temp_data = 'umbrella'` },
    note: 'One more key, to be removed further down. A key is a word of letters, digits and underscores; a value has at most 200 characters.',
    button: 'Store',
    asks: 'key and value',
    firstKey: 'temp_data',
    firstValue: 'umbrella',
    run: (session, { key, value }) => {
      session.data[key] = value
    },
  },
  {
    name: 'read',
    title: 'Read data',
    php: `// Read session data
echo $_SESSION['username']; // 'alice'`,
    typescript: `// Read session data
console.log(session.data.username) // 'alice'`,
    phpScript: `session_start();
$_SESSION[$key];`,
    short: { php: `$_SESSION['username']`, typescript: 'session.data.username' },
    note: 'A plain object, read like any other. Nothing is written, so nothing is sent.',
    button: 'Read',
    asks: 'key',
    firstKey: 'username',
    run: (session, { key }) => own(session.data, key),
  },
  {
    name: 'isset',
    title: 'Check if a key exists',
    php: `// Check if key exists
if (isset($_SESSION['user_id'])) {
  echo "User is logged in";
}`,
    typescript: `// Check if key exists
if (session.data.user_id != null) {
  console.log('User is logged in')
}`,
    phpScript: `session_start();
isset($_SESSION[$key]);`,
    short: { php: `isset($_SESSION['user_id'])`, typescript: 'session.data.user_id != null' },
    note: 'Like isset, != null is false for a key that is missing and for one that holds null. Try a key that was never stored.',
    button: 'Check',
    asks: 'key',
    firstKey: 'user_id',
    run: (session, { key }) => own(session.data, key) != null,
  },
  {
    name: 'unset',
    title: 'Remove one key',
    php: `// Remove specific key
unset($_SESSION['temp_data']);`,
    typescript: `// Remove specific key
delete session.data.temp_data`,
    phpScript: `session_start();
unset($_SESSION[$key]);`,
    short: { php: `unset($_SESSION['temp_data'])`, typescript: 'delete session.data.temp_data' },
    note: 'Only that key goes. Removing what is not there is harmless, and writes nothing.',
    button: 'Remove',
    asks: 'key',
    firstKey: 'temp_data',
    run: (session, { key }) => delete session.data[key],
  },
  {
    name: 'regenerate',
    title: 'Regenerate the session ID',
    php: `// Regenerate session ID (security - do this on login!)
session_regenerate_id(true);`,
    typescript: `// Regenerate session ID (security - do this on login!)
session.regenerateId()`,
    phpScript: `session_start();
session_regenerate_id(true);`,
    short: { php: 'session_regenerate_id(true)', typescript: 'session.regenerateId()' },
    note: 'The data stays, the whole cookie changes, and the old one opens nothing from that moment on. signIn(user.id) does it by itself.',
    button: 'Regenerate',
    run: (session) => session.regenerateId(),
  },
  {
    name: 'destroy',
    title: 'Destroy the session',
    php: `// Destroy entire session (logout)
session_destroy();`,
    typescript: `// Destroy entire session (logout)
session.destroy()`,
    phpScript: `session_start();
session_destroy();`,
    short: { php: 'session_destroy()', typescript: 'session.destroy()' },
    note: 'PHP leaves the cookie in the browser and $_SESSION in memory. Here the record goes and the cookie is cleared in one call.',
    button: 'Destroy',
    run: (session) => session.destroy(),
  },
]

/** Both languages in one piece, line beside line. */
export const phpSample = `<?php
${seedSample('php')}
?>`
export const typescriptSample = `app.post('/example', async (c) => {
${seedSample('typescript').replaceAll(/^(?=.)/gm, '  ')}
})`

function seedSample(language: 'php' | 'typescript'): string {
  return seedFunctions
    .filter((each) => each.name !== 'set-key')
    .map((each) => each[language])
    .join('\n\n')
}

/** `'constructor' in {}` is true, and was never stored. */
function own(data: Readonly<LabData>, key: string): string | number | undefined {
  return Object.hasOwn(data, key) ? data[key] : undefined
}
