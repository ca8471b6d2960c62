import type { Store } from 'coatcheck'
import type { FunctionGroup } from './session-function.ts'

export const storage: FunctionGroup = {
  id: 'storage',
  title: 'Storage',
  functions: [
    {
      name: 'session_set_save_handler',
      title: 'A storage of your own',
      php: `class Watched extends SessionHandler {
  public array $calls = [];
  public function read(string $id): string|false {
    $this->calls[] = 'read';
    return parent::read($id);
  }
  public function write(string $id, string $data): bool {
    $this->calls[] = 'write';
    return parent::write($id, $data);
  }
}
$handler = new Watched();
session_set_save_handler($handler);
session_start();
$_SESSION['visits'] = (int) ($_SESSION['visits'] ?? 0) + 1;
session_write_close();
$handler->calls;`,
      native: 'store: { read, write, … }',
      typescript: `const calls = []
const watched = new Proxy(store, {
  get(target, name) {
    const part = target[name]
    if (typeof part !== 'function') return part
    return (...given) => {
      calls.push(name)
      return part.apply(target, given)
    }
  },
})
const sessions = new Sessions({
  store: watched,
  cookie: { name: 'lab' },
  cleanupInterval: false,
})
// in a handler
session.data.visits = Number(session.data.visits ?? 0) + 1
await session.save()
calls`,
      note: 'A store is an object with four methods: read, write, touch and delete. A write names the version that it replaces, so no order of requests can lose a change; PHP’s write replaces whatever is there.',
      options: (store, calls) => ({ store: watched(store, calls), cookie: { name: 'lab' }, cleanupInterval: false }),
      run: async ({ c, sessions, calls }) => {
        const session = await sessions.open(c)
        session.data.visits = Number(session.data.visits ?? 0) + 1
        await session.save()
        return [...calls]
      },
    },
    {
      name: 'session_module_name',
      title: 'Which storage is used?',
      php: 'session_module_name();',
      note: 'No equivalent: the store option is the store itself, an object that your code has made. Files, SQLite, Redis, PostgreSQL and memory come with the library.',
    },
    {
      name: 'session_save_path',
      title: 'Where are the files?',
      php: 'session_save_path();',
      note: "No equivalent: the place is the store’s own affair, as in fileStore('./sessions') or redisStore(client). It can’t change between two requests.",
    },
    {
      name: 'session_gc',
      title: 'Remove what has expired',
      php: `session_start();
session_gc();`,
      native: 'cleanupInterval',
      typescript: `const signal = AbortSignal.timeout(2000)
await store.deleteExpired?.({ now: Date.now(), batch: 500, signal })`,
      note: 'By itself every five minutes (cleanupInterval), beside the writes and never in a visitor’s way. An expired record opens nothing, cleaned up or not; PHP serves an old file until somebody removes it.',
      run: async ({ c, sessions, store }) => {
        await sessions.open(c)
        return await store.deleteExpired?.({ now: Date.now(), batch: 500, signal: AbortSignal.timeout(2000) })
      },
    },
  ],
}

/** The store itself, with the names of the methods that are called on it written down. */
function watched(store: Store, calls: string[]): Store {
  return new Proxy(store, {
    get(target, name) {
      const part: unknown = Reflect.get(target, name)
      if (typeof part !== 'function') return part
      return (...given: unknown[]) => {
        calls.push(String(name))
        return part.apply(target, given)
      }
    },
  })
}
