import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { IllegalSessionIdError, isLegalSessionId } from '../save-handler.ts'

/** What PHP's `session.save_path` says, taken apart. */
export interface SavePath {
  readonly directory: string
  /** Over how many levels of folders the files are spread, each named by one character of the id. */
  readonly depth: number
  /** The mode of a new file, before the umask. */
  readonly mode: number
}

/** `/path`, `N;/path` or `N;MODE;/path`; the empty one is the system's folder for temporary files. Throws a TypeError for anything else. */
export function parseSavePath(savePath: string): SavePath {
  const depth = /^([^;]*);/.exec(savePath)?.[1] ?? '0'
  const mode = /^[^;]*;([^;]*);/.exec(savePath)?.[1] ?? '600'
  const directory = savePath.replace(/^(?:[^;]*;){1,2}/, '')
  const isPath = !directory.includes('\0') && (directory !== '' || savePath === '')
  if (!isPath || !/^\d{1,3}$/.test(depth) || !/^[0-7]{1,4}$/.test(mode)) {
    throw new TypeError(
      `savePath must be '/path', 'N;/path' or 'N;MODE;/path', as PHP's session.save_path, got ${savePath}`,
    )
  }
  return { directory: resolve(directory || tmpdir()), depth: Number(depth), mode: Number.parseInt(mode, 8) }
}

/** Where the session with this id lies. Throws before anything that isn't a legal id gets into a path. */
export function pathOf({ directory, depth }: SavePath, id: string): string {
  if (!isLegalSessionId(id)) throw new IllegalSessionIdError('a session id has up to 256 of A-Z, a-z, 0-9, "-" and ","')
  if (id.length <= depth) throw new IllegalSessionIdError('a session id has more characters than savePath has levels')
  const levels = [...id.slice(0, depth)].map((character) => `/${character}`)
  return `${directory}${levels.join('')}/sess_${id}`
}
