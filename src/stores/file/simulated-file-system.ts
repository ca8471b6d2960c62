import type { FileSystem } from './file-system.ts'

/** A directory tree in memory, with the rules of POSIX that the store rests on. For tests. */
export type Tree = Map<string, Uint8Array | 'directory'>

export function simulatedFileSystem(tree: Tree): FileSystem {
  const names = (path: string) =>
    [...tree.keys()].flatMap((key) => (key.startsWith(`${path}/`) ? [key.slice(path.length + 1)] : [])).filter(isName)
  const isDirectory = (path: string) => tree.get(path) === 'directory'

  function add(path: string, entry: Uint8Array | 'directory'): void {
    if (!isDirectory(parentOf(path))) throw failure('ENOENT')
    if (tree.has(path)) throw failure('EEXIST')
    tree.set(path, entry)
  }

  function rename(from: string, to: string): void {
    const entry = tree.get(from)
    if (entry === undefined || !isDirectory(parentOf(to))) throw failure('ENOENT')
    if (entry === 'directory') {
      if (tree.has(to) && !isDirectory(to)) throw failure('ENOTDIR')
      if (names(to).length > 0) throw failure('ENOTEMPTY')
    } else if (isDirectory(to)) throw failure('EISDIR')
    for (const [path, content] of [...tree]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      tree.delete(path)
      tree.set(to + path.slice(from.length), content)
    }
  }

  return {
    names,
    rename,
    exists: (path) => tree.has(path),
    create: (path, content) => add(path, content),
    makeDirectory: (path) => add(path, 'directory'),
    read(path) {
      const entry = tree.get(path)
      return entry === 'directory' ? undefined : entry
    },
    removeFile(path) {
      if (!tree.has(path)) throw failure('ENOENT')
      if (isDirectory(path)) throw failure('EISDIR')
      tree.delete(path)
    },
    removeDirectory(path) {
      if (!tree.has(path)) throw failure('ENOENT')
      if (!isDirectory(path)) throw failure('ENOTDIR')
      if (names(path).length > 0) throw failure('ENOTEMPTY')
      tree.delete(path)
    },
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function isName(path: string): boolean {
  return !path.includes('/')
}
