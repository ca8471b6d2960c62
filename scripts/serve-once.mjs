// Preloaded into a snippet that serves: it listens on a free port, is asked for its first page, and the process ends.
import { Server } from 'node:net'

const listen = Server.prototype.listen
Server.prototype.listen = function (...given) {
  const callbacks = given.filter((argument) => typeof argument === 'function')
  this.once('listening', async () => {
    const { port } = this.address()
    const response = await fetch(`http://localhost:${port}/`, { redirect: 'manual' })
    console.error(`GET / answers ${response.status}`)
    process.exit(response.status < 500 ? 0 : 1)
  })
  return listen.call(this, { port: 0, host: 'localhost' }, ...callbacks)
}
