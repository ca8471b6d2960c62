// The rules that keep the tree a diagram. Each function returns its faults, naming file and rule.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, posix, sep } from 'node:path'

/** The text of every file of a tree, by its path from the root. */
export type Tree = ReadonlyMap<string, string>
/** Such as `src/a.ts imports src/b.ts: why that is wrong`. */
type Faults = string[]

/** The folders of src, each with the other folders of src that it may import beside core and itself. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  stores: [],
  adapters: [],
  security: [],
  php: [],
  admin: [],
  devtools: [],
  testing: ['stores'],
  conformance: ['testing'],
}
/** The optional peers of a feature, each known to one file. */
const peers: Readonly<Record<string, string>> = {
  'src/php/files/flock.ts': 'koffi',
  'src/security/network.ts': 'ipaddr.js',
  'src/security/user-agent.ts': 'bowser',
}
const coreBuiltins = ['node:crypto', 'node:diagnostics_channel']
const notOurs = ['dist', '.git', 'sessions', '.docs-check', '.install-lock']

/** The text files of this repository. */
export function repository(folder = '.'): Tree {
  return new Map(
    readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => name !== 'node_modules' && !notOurs.includes(join(folder, name)))
      .flatMap((entry) => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return [...repository(path)]
        const text = entry.isFile() ? readFileSync(path, 'utf8') : '\0'
        return text.includes('\0') ? [] : [[path.split(sep).join('/'), text] as const]
      }),
  )
}

export function wrongArrows(tree: Tree): Faults {
  return sources(tree).flatMap((file) => {
    const [folder = ''] = file.split('/').slice(1, -1)
    const others = layers[folder]
    if (folder !== '' && !others) return [`${file}: src/${folder} has no rule in test/architecture.test.ts`]
    return imports(tree, file).flatMap((target) => {
      const reason = target.startsWith('src/')
        ? wrongFile(tree, file, target, others ?? [])
        : wrongPackage(file, folder, target)
      return reason ? [`${file} imports ${target}: ${reason}`] : []
    })
  })
}

function wrongFile(tree: Tree, file: string, target: string, others: readonly string[]): string | undefined {
  const [folder = ''] = file.split('/').slice(1, -1)
  const [targetFolder = ''] = target.split('/').slice(1, -1)
  if (!tree.has(target)) return 'there is no such file'
  if (folder === '') return targetFolder === 'core' ? undefined : 'the main entry shows core alone'
  if (folder === 'stores' && targetFolder === 'stores') {
    const store = (path: string) => path.split('/')[2]?.replace(/\.ts$/, '')
    return [store(file), 'shared'].includes(store(target)) ? undefined : 'stores do not know each other'
  }
  if (folder === 'conformance' && targetFolder === 'core') return 'conformance knows servers by HTTP alone'
  if ([folder, 'core', ...others].includes(targetFolder)) return undefined
  return folder === 'core'
    ? 'core imports only core'
    : `${folder} imports only ${['core', ...others].join(', ')} and itself`
}

function wrongPackage(file: string, folder: string, name: string): string | undefined {
  if (isBuiltin(name)) {
    if (folder !== 'core' || coreBuiltins.includes(name)) return undefined
    return `of Node, core knows only ${coreBuiltins.join(' and ')}`
  }
  if (folder === 'core') return name === 'devalue' ? undefined : 'the only package core knows is devalue'
  if (folder === 'adapters') {
    const framework = file.split('/')[2]?.replace(/\.tsx?$/, '')
    const [scope] = name.split('/')
    const isOwn = scope === framework || scope === `@${framework}`
    return isOwn ? undefined : 'an adapter imports no framework but its own'
  }
  if (folder === 'devtools' && name.split('/')[0] === 'hono') return undefined
  if (peers[file] === name) return undefined
  const home = Object.keys(peers).find((path) => peers[path] === name)
  if (home) return `only ${home} knows ${name}`
  return `${folder || 'the main entry'} takes clients from its caller and depends on no package`
}

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name)
}

export function cycles(tree: Tree): Faults {
  const found: Faults = []
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file].join(' → '))
    if (way.includes(file) || done.has(file)) return
    for (const target of imports(tree, file)) if (target.startsWith('src/')) visit(target, [...way, file])
    done.add(file)
  }
  for (const file of sources(tree)) visit(file, [])
  return found
}

export function privateUses(tree: Tree): Faults {
  const entries = new Set(Object.keys(exportsOf(tree)).map((entry) => posix.join('coatcheck', entry)))
  return [...tree.keys()].filter(isOutside).flatMap((file) =>
    importsOf(tree.get(file) ?? '').flatMap((name) => {
      const target = name.startsWith('.') ? posix.join(posix.dirname(file), name) : name
      if (/^(src|dist)\//.test(target)) {
        return [`${file} imports ${name}: outside src the library goes by its public names, coatcheck/…`]
      }
      if (!/^coatcheck(\/|$)/.test(name) || entries.has(name)) return []
      return [`${file} imports ${name}: package.json exports no such entry`]
    }),
  )
}

/** The races know a ticket and a record from within, to judge what a store holds without asking the library. */
function isOutside(file: string): boolean {
  return (
    /^(demo|bench|examples|test\/(?!races\/))/.test(file) &&
    /\.tsx?$/.test(file) &&
    file !== 'test/architecture.test.ts'
  )
}

export function wrongExports(tree: Tree): Faults {
  const exported = Object.entries(exportsOf(tree)).filter(([entry]) => entry !== './package.json')
  const faults = exported.flatMap(([entry, target]) => {
    const file = typeof target === 'string' ? target : target.default
    const source = file?.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts') ?? ''
    if (!tree.has(source)) return [`package.json exports ${entry}: there is no ${source}`]
    const expected = { types: file?.replace(/\.js$/, '.d.ts'), default: file }
    if (JSON.stringify(target) === JSON.stringify(expected)) return []
    return [`package.json exports ${entry}: it should say { types, default }, both of one source`]
  })
  const names = exported.map(([entry]) => entry)
  const missing = sources(tree).flatMap((file) => {
    const entry = /^src\/((stores|adapters)\/[^/]+?)(\/index)?\.ts$/.exec(file)?.[1]
    return !entry || names.includes(`./${entry}`) ? [] : [`${file}: package.json does not export ./${entry}`]
  })
  return [...faults, ...missing]
}

function exportsOf(tree: Tree): Record<string, string | { types?: string; default?: string }> {
  return JSON.parse(tree.get('package.json') ?? '{}').exports ?? {}
}

export function lonelyFiles(tree: Tree): Faults {
  const content = new Map<string, Set<string>>()
  for (const file of tree.keys()) {
    const parts = file.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/')
      content.set(folder, (content.get(folder) ?? new Set()).add(parts[depth] ?? ''))
    }
  }
  return [...content]
    .filter(([folder, names]) => /^(src|demo|test)\//.test(folder) && names.size === 1)
    .map(([folder, names]) => `${folder} holds nothing but ${[...names]}: let it be a file`)
}

export function strayTests(tree: Tree): Faults {
  const files = [...tree.keys()]
  return files
    .filter((file) => /^src\/.*\.test\.tsx?$/.test(file))
    .flatMap((file) => {
      const subject = posix.basename(file).replace(/\..*/, '')
      const beside = posix.join(posix.dirname(file), subject)
      if (tree.has(`${beside}.ts`) || tree.has(`${beside}.tsx`)) return []
      if (files.some((other) => other.startsWith(`${beside}/`))) return []
      return [`${file}: there is no ${subject}.ts or ${subject}/ beside it`]
    })
}

export function forbiddenWords(tree: Tree): Faults {
  const forbidden = [
    [/\bregistry\.(npmjs|yarnpkg)\b|\/artifactory\/|\/nexus\/repository\//, 'the address of a package registry'],
    [/(^|[\s'"`(=:])\/(work|root|home\/\w+|Users\/\w+)\/\w/, 'a path of one machine'],
  ] as const
  return [...tree].flatMap(([file, text]) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        forbidden.flatMap(([pattern, what]) => (pattern.test(line) ? [`${file}:${index + 1}: ${what}`] : [])),
      ),
  )
}

function sources(tree: Tree): string[] {
  return [...tree.keys()].filter((file) => /^src\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
}

/** What a file imports: a path from the root, or a package's name. */
function imports(tree: Tree, file: string): string[] {
  return importsOf(tree.get(file) ?? '').map((name) =>
    name.startsWith('.') ? posix.join(posix.dirname(file), name) : name,
  )
}

export function importsOf(source: string): string[] {
  const comment = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/.*/g
  const code = source.replace(comment, (_, text = '') => text)
  const statement =
    /^\s*(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])(.+?)\1|^\s*import\s*(['"])(.+?)\3|\bimport\(\s*(['"])(.+?)\5/gm
  return [...code.matchAll(statement)].map((match) => match[2] ?? match[4] ?? match[6] ?? '')
}
