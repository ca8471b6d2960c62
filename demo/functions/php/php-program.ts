import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { basename, delimiter, join } from 'node:path'

/** One run of a script: all that PHP is told. */
export interface PhpRequest {
  /** The file to run: one of ours. */
  script: string
  /** The only folder that PHP may open files in. */
  within: string
  /** Where its session files are. */
  savePath: string
  cookie: string | undefined
  /** A form, as a browser sends it. It goes in through standard input: no part of it is ever code. */
  form: string
  /** In milliseconds. */
  deadline: number
  signal: AbortSignal
}

export interface PhpAnswer {
  /** As PHP sent them, one in each line. On the command line it sends none. */
  headers: string[]
  body: string
}

const mostBytes = 256 * 1024

/** PHP on this machine: `php-cgi`, which sends headers, else `php`. */
export function findPhp(path: string = process.env.PATH ?? ''): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return ['php-cgi', 'php'].flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

/** Runs a script, without a shell and with an environment of its own. Rejects when PHP fails, says too much, or is late. */
export function runPhp(
  program: string,
  { script, within, savePath, cookie, form, deadline, signal }: PhpRequest,
): Promise<PhpAnswer> {
  const isCgi = basename(program).includes('cgi')
  const environment = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    REDIRECT_STATUS: '200',
    REQUEST_METHOD: 'POST',
    SCRIPT_FILENAME: script,
    CONTENT_TYPE: 'application/octet-stream',
    CONTENT_LENGTH: String(Buffer.byteLength(form)),
    ...(cookie !== undefined && { HTTP_COOKIE: cookie }),
  }
  const child = spawn(program, [...settings(within, savePath), ...(isCgi ? [] : ['-f', script])], {
    cwd: within,
    env: environment,
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: deadline,
    killSignal: 'SIGKILL',
    signal,
  })
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    child.on('error', reject)
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > mostBytes) child.kill('SIGKILL')
    })
    child.on('close', (code, killedBy) => {
      if (code !== 0) return reject(new Error(`PHP ended with ${killedBy ?? code}`))
      resolve(
        isCgi ? parted(Buffer.concat(chunks).toString()) : { headers: [], body: Buffer.concat(chunks).toString() },
      )
    })
    // PHP that ends before it has read its input says so by its exit code.
    child.stdin.on('error', () => {})
    child.stdin.end(form)
  })
}

/** The defaults of PHP up to 8.5, whatever its version and the php.ini of this machine say: every machine shows the same. */
function settings(within: string, savePath: string): string[] {
  const values: Record<string, string> = {
    open_basedir: within,
    auto_prepend_file: '',
    auto_append_file: '',
    output_buffering: '0',
    memory_limit: '64M',
    max_execution_time: '5',
    display_errors: '0',
    log_errors: '0',
    expose_php: '0',
    'session.save_handler': 'files',
    'session.save_path': savePath,
    'session.serialize_handler': 'php',
    'session.name': 'PHPSESSID',
    'session.auto_start': '0',
    'session.use_strict_mode': '0',
    'session.use_cookies': '1',
    'session.use_only_cookies': '1',
    'session.use_trans_sid': '0',
    'session.cookie_lifetime': '0',
    'session.cookie_path': '/',
    'session.cookie_domain': '',
    'session.cookie_secure': '0',
    'session.cookie_httponly': '0',
    'session.cookie_samesite': '',
    'session.cache_limiter': 'nocache',
    'session.cache_expire': '180',
    'session.gc_probability': '1',
    'session.gc_divisor': '100',
    'session.gc_maxlifetime': '1440',
    'session.lazy_write': '1',
    'session.sid_length': '32',
    'session.sid_bits_per_character': '4',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-d', `${name}=${value}`])
}

function parted(output: string): PhpAnswer {
  const end = output.indexOf('\r\n\r\n')
  if (end === -1) throw new Error('PHP sent no headers')
  return { headers: output.slice(0, end).split('\r\n'), body: output.slice(end + 4) }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
