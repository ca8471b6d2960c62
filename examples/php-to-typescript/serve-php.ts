import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { request as ask, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream'

/** Starts PHP for the pages in php/, and returns what passes requests on to it, `/cart` to cart.php. On a real site nginx and php-fpm do this. */
export async function servePhp(savePath: string): Promise<RequestListener> {
  mkdirSync(savePath, { recursive: true })
  const port = await startPhp(savePath)
  return (request, response) => {
    const [path, query = ''] = (request.url ?? '/').split(/(?=\?)/)
    const { method, headers } = request
    const onward = ask({ host: '127.0.0.1', port, method, path: `${path}.php${query}`, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, response, () => {})
    })
    pipeline(request, onward, (error) => {
      if (error && !response.headersSent) response.writeHead(502).end('PHP does not answer')
    })
  }
}

async function startPhp(savePath: string): Promise<number> {
  const folder = join(import.meta.dirname, 'php')
  const options = [
    '-c',
    join(folder, 'php.ini'),
    '-d',
    `session.save_path=${savePath}`,
    '-S',
    '127.0.0.1:0',
    '-t',
    folder,
  ]
  // The shell's input ends when this program does, however it ends; then PHP and its workers end too.
  const program = ['-c', '("$@"; kill 0) & read line; kill 0', 'sh', process.env.PHP_PATH ?? 'php', ...options]
  const env = { ...process.env, PHP_CLI_SERVER_WORKERS: '4', PHP_INI_SCAN_DIR: '' }
  const shell = spawn('sh', program, { env, stdio: ['pipe', 'ignore', 'pipe'], detached: true })
  let said = ''
  return new Promise((resolve, reject) => {
    shell.stderr.setEncoding('utf8').on('data', (text) => {
      if (said.length < 10_000) said += text
      const port = /\(http:\/\/127\.0\.0\.1:(\d+)\) started/.exec(said)?.[1]
      if (port) resolve(Number(port))
    })
    shell.once('close', () => reject(new Error(`PHP does not run: ${said}`)))
  })
}
