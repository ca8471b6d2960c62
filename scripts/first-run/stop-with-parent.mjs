/**
 * `npm` hands a SIGTERM to the shell between us, and Debian's shell dies of it without telling us. So watch for our parent's
 * death, and take it as the signal that was meant.
 */
export function stopWithParent() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 200)
  watch.unref()
}
