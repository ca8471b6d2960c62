/** The same scripts with `coatcheck/php`, for sessions that are shared with PHP. A test runs each beside real PHP, on the same files. */
const texts: Readonly<Record<string, string>> = {
  session_start: `await session_start({ read_and_close: true })`,
  session_status: `await session_start()
session_status()`,
  session_write_close: `await session_start()
$_SESSION.role = 'editor'
await session_write_close()`,
  session_commit: `await session_start()
$_SESSION.visits = Number($_SESSION.visits ?? 0) + 1
await session_commit()`,
  session_abort: `await session_start()
$_SESSION.role = 'admin'
await session_abort()`,
  session_reset: `await session_start()
$_SESSION.role = 'admin'
await session_reset()`,
  session_register_shutdown: `await session_start()
session_register_shutdown()`,
  session_destroy: `await session_start()
session_unset()
c.header('Set-Cookie', \`\${session_name()}=; Max-Age=0; Path=/\`)
await session_destroy()`,
  session_unset: `await session_start()
session_unset()`,
  session_encode: `await session_start()
session_encode()`,
  session_decode: `await session_start()
session_decode('coat|s:6:"duffle";')`,
  session_id: `await session_start()
session_id()`,
  session_create_id: `session_create_id('lab-')`,
  session_regenerate_id: `await session_start()
await session_regenerate_id()`,
  session_name: `session_name('ticket')
await session_start()
session_name()`,
  session_set_cookie_params: `session_set_cookie_params({ httponly: true, samesite: 'Strict' })
await session_start()
await session_regenerate_id(true)`,
  session_get_cookie_params: `session_get_cookie_params()`,
  session_cache_limiter: `session_cache_limiter('private')
await session_start()
session_cache_limiter()`,
  session_cache_expire: `session_cache_limiter('private')
session_cache_expire(30)
await session_start()
session_cache_expire()`,
  session_set_save_handler: `const calls = []
const watched = {
  ...saveHandler,
  open(id, options) {
    calls.push('open')
    return saveHandler.open(id, options)
  },
}
session_set_save_handler(watched)
await session_start()
$_SESSION.visits = Number($_SESSION.visits ?? 0) + 1
await session_write_close()
calls`,
  session_module_name: `session_module_name()`,
  session_save_path: `session_save_path()`,
  session_gc: `await session_start()
await session_gc()`,
}

/** With what it imports. The value of its last line is the call's. */
export function inPhpWords(name: string): string {
  const text = texts[name]
  if (text === undefined) throw new Error(`There is no text for ${name}`)
  const used = new Set(text.match(/session_\w+(?=\()|\$_SESSION/g))
  return `import { ${[...used].sort().join(', ')} } from 'coatcheck/php'\n${text}`
}
