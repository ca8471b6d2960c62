import type { FunctionGroup } from './session-function.ts'

export const startAndEnd: FunctionGroup = {
  id: 'start-and-end',
  title: 'Start and end',
  functions: [
    {
      name: 'session_start',
      title: 'Only look',
      php: `session_start(['read_and_close' => true]);`,
      native: `await sessions.open(c, { mode: 'read-only' })`,
      typescript: `const session = await sessions.open(c, { mode: 'read-only' })
Object.keys(session.data)`,
      note: 'Both let go at once. PHP still waits for the lock first, and makes a file for whoever has none; a read-only session waits for nobody and has no method that writes.',
      open: { mode: 'read-only' },
      run: async ({ c, sessions }) => Object.keys((await sessions.open(c, { mode: 'read-only' })).data),
    },
    {
      name: 'session_status',
      title: 'Is there a session?',
      php: `session_start();
session_status();`,
      native: 'session.isStored',
      typescript: 'session.isStored',
      note: 'PHP answers whether this script has started one: 2 is PHP_SESSION_ACTIVE. Here a session is always open after open(); the question left is whether the visitor has a record.',
      run: async ({ c, sessions }) => (await sessions.open(c)).isStored,
    },
    {
      name: 'session_write_close',
      title: 'Store now, and let the next request in',
      php: `session_start();
$_SESSION['role'] = 'editor';
session_write_close();`,
      native: 'await session.save()',
      typescript: `session.data.role = 'editor'
await session.save()`,
      note: 'PHP silently loses what is changed afterwards. Here it is stored too, at the end of the request.',
      run: async ({ c, sessions }) => {
        const session = await sessions.open(c)
        session.data.role = 'editor'
        await session.save()
      },
    },
    {
      name: 'session_commit',
      title: 'Count a visit, and store it',
      php: `session_start();
$_SESSION['visits'] = (int) ($_SESSION['visits'] ?? 0) + 1;
session_commit();`,
      native: 'await session.update(fn)',
      typescript: `await session.update((data) => {
  data.visits = Number(data.visits ?? 0) + 1
})`,
      note: 'In PHP an alias of session_write_close. For a counter, update(fn) changes what is stored at that moment and stores it: exact, however many requests count at once, without a lock held in between.',
      run: async ({ c, sessions }) => {
        const session = await sessions.open(c)
        await session.update((data) => {
          data.visits = Number(data.visits ?? 0) + 1
        })
      },
    },
    {
      name: 'session_abort',
      title: 'End without storing',
      php: `session_start();
$_SESSION['role'] = 'admin';
session_abort();`,
      native: 'throw new Error(…)',
      typescript: `session.data.role = 'admin'
throw new Error('not this time')`,
      note: 'Nothing is stored before the end, so a handler that throws has stored nothing. PHP keeps the dropped values in $_SESSION for the rest of the script.',
      run: async ({ c, sessions }) => {
        const session = await sessions.open(c)
        session.data.role = 'admin'
        throw new Error('not this time')
      },
      throws: true,
    },
    {
      name: 'session_reset',
      title: 'Load again what is stored',
      php: `session_start();
$_SESSION['role'] = 'admin';
session_reset();`,
      note: 'No equivalent: a request reads its session once, and its edits wait for the end. Throw to drop them all; update(fn) is given what is stored now. PHP releases the lock and takes it again, so another request may come in between.',
    },
    {
      name: 'session_register_shutdown',
      title: 'Store when the script ends',
      php: `session_start();
session_register_shutdown();`,
      note: 'No equivalent: the adapter stores the session before the first byte of the response leaves, and where that fails the browser gets an error and no success. PHP stores at the end, when the page has been sent.',
    },
    {
      name: 'session_destroy',
      title: 'Log out, all of it',
      php: `session_start();
$_SESSION = [];
setcookie(session_name(), '', 1, '/');
session_destroy();`,
      native: 'session.destroy()',
      typescript: 'session.destroy()',
      note: 'PHP needs three steps: empty the array, expire the cookie, remove the file. Here it is one, and no request that is still under way can bring the record back.',
      run: async ({ c, sessions }) => (await sessions.open(c)).destroy(),
    },
  ],
}
