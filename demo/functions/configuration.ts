import type { FunctionGroup } from './session-function.ts'

export const configuration: FunctionGroup = {
  id: 'configuration',
  title: 'Configuration',
  functions: [
    {
      name: 'session_name',
      title: 'The name of the cookie',
      php: `session_name('ticket');
session_start();
session_name();`,
      native: 'cookie: { name }',
      typescript: `const sessions = new Sessions({
  store,
  cookie: { name: 'ticket' },
})
// in a handler
session.isStored`,
      note: 'Another name is another session, in both. It is given once, when the server starts; over https it becomes __Host-ticket, which no other host can set.',
      options: () => ({ cookie: { name: 'ticket' } }),
      run: async ({ c, sessions }) => (await sessions.open(c)).isStored,
    },
    {
      name: 'session_set_cookie_params',
      title: 'The attributes of the cookie',
      php: `session_set_cookie_params(['httponly' => true, 'samesite' => 'Strict']);
session_start();
session_regenerate_id(true);`,
      native: 'cookie: { sameSite }',
      typescript: `const sessions = new Sessions({
  store,
  cookie: { name: 'lab', sameSite: 'Strict' },
})
// in a handler
session.regenerateId()`,
      note: 'PHP leaves each attribute to you. Here SameSite is the only one to choose: HttpOnly, Path=/ and, over https, Secure are always there.',
      options: () => ({ cookie: { name: 'lab', sameSite: 'Strict' } }),
      run: async ({ c, sessions }) => (await sessions.open(c)).regenerateId(),
    },
    {
      name: 'session_get_cookie_params',
      title: 'The attributes as they are',
      php: 'session_get_cookie_params();',
      note: 'No equivalent: there is nothing to find out. Path=/, HttpOnly, SameSite=Lax, Secure over https, no Domain; and no Max-Age, unless the visitor signed in with remember. PHP’s defaults up to 8.5 have neither HttpOnly nor SameSite.',
    },
    {
      name: 'session_cache_limiter',
      title: 'May a cache keep the page?',
      php: `session_cache_limiter('private');
session_start();
session_cache_limiter();`,
      native: `c.header('Cache-Control', 'private')`,
      typescript: `c.header('Cache-Control', 'private')`,
      note: 'A response that opened a session is sent with no-store, unless the handler itself says private and no cookie goes with it: no shared cache ever hands one visitor’s page to another. PHP’s limiter also takes public.',
      run: async ({ c, sessions }) => {
        await sessions.open(c)
        c.header('Cache-Control', 'private')
      },
    },
    {
      name: 'session_cache_expire',
      title: 'For how many minutes?',
      php: `session_cache_limiter('private');
session_cache_expire(30);
session_start();
session_cache_expire();`,
      native: `c.header('Cache-Control', 'private, max-age=1800')`,
      typescript: `c.header('Cache-Control', 'private, max-age=1800')`,
      note: 'Minutes in PHP, seconds on the wire. It is about the browser’s cache; how long a session lives is idleTimeout and absoluteTimeout.',
      run: async ({ c, sessions }) => {
        await sessions.open(c)
        c.header('Cache-Control', 'private, max-age=1800')
      },
    },
  ],
}
