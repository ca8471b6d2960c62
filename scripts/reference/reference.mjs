import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, Converter, ReflectionKind, TSConfigReader } from 'typedoc'
import { ModuleRouter } from 'typedoc-plugin-markdown'
import { hasDocstring } from './source-text.mjs'
import { inOrder, ReferenceTheme } from './theme.mjs'

/**
 * The pages of docs/reference by their paths in it: one for each entry of package.json "exports", and an index.
 *
 * @param {string} root
 */
export async function reference(root) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = entriesOf(manifest)
  const folder = mkdtempSync(join(tmpdir(), 'reference-'))
  try {
    const app = await application(root, [...entries.keys()], folder)
    const project = await app.convert()
    if (!project) throw new Error('TypeDoc could not read the source')
    for (const page of project.children) {
      page.name = entries.get(sourceOf(page, root))
      page.children = inOrder(page.children)
    }
    project.children.sort((one, other) => (one.name < other.name ? -1 : 1))
    const undocumented = project.children.flatMap((page) =>
      page.children
        .filter((name) => !hasDocstring(app.conversion.getSymbolFromReflection(name)))
        .map((name) => `${page.name}: ${name.name}`),
    )
    const out = join(folder, 'out')
    await app.generateOutputs(project)
    if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('TypeDoc has complained, see above')
    const files = readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.md'))
    const pages = files.map((name) => [name.replaceAll('\\', '/'), tidy(readFileSync(join(out, name), 'utf8'))])
    return { pages: new Map(pages), undocumented }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The source of each entry, with the name that it is imported by. */
function entriesOf({ name, exports }) {
  return new Map(
    Object.entries(exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([entry, target]) => [
        target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
        name + entry.slice(1),
      ]),
  )
}

function sourceOf({ sources }, root) {
  return sources[0].fullFileName.slice(root.length + 1).replaceAll('\\', '/')
}

async function application(root, sources, folder) {
  const files = sources.map((source) => join(root, source))
  const tsconfig = join(folder, 'tsconfig.json')
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { allowJs: false, rootDir: root, typeRoots: [join(root, 'node_modules', '@types')] },
      files,
      include: [],
    }),
  )
  const app = await Application.bootstrapWithPlugins(
    {
      plugin: [fileURLToPath(import.meta.resolve('typedoc-plugin-markdown')), extend],
      entryPoints: files,
      tsconfig,
      basePath: root,
      logLevel: 'Warn',
      outputs: [{ name: 'markdown', path: join(folder, 'out') }],
      router: 'reference',
      theme: 'reference',
      readme: 'none',
      expandParameters: true,
      disableGit: true,
      sourceLinkTemplate: '{path}',
      excludePrivate: true,
      excludeExternals: true,
      sort: ['source-order'],
      validation: { notExported: false, invalidLink: true, notDocumented: false },
    },
    [new TSConfigReader()],
  )
  return app
}

function extend(app) {
  app.converter.on(Converter.EVENT_BEGIN, (conversion) => {
    app.conversion = conversion
  })
  app.renderer.defineTheme('reference', ReferenceTheme)
  app.renderer.defineRouter('reference', ReferenceRouter)
}

/** `coatcheck/stores/file` is described in stores/file.md, and each of its names has a heading there. */
class ReferenceRouter extends ModuleRouter {
  getIdealBaseName(reflection) {
    if (!reflection.kindOf(ReflectionKind.Module)) return super.getIdealBaseName(reflection)
    return reflection.name.replace(/^[^/]+\//, '')
  }

  buildAnchors(target, page) {
    if (!page.kindOf(ReflectionKind.Module) || target.parent !== page) return
    const anchor = this.getSlugger(page).slug(target.name)
    this.fullUrls.set(target, `${this.fullUrls.get(page)}#${anchor}`)
    this.anchors.set(target, anchor)
  }
}

function tidy(markdown) {
  const text = markdown.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{3,}/g, '\n\n')
  return `<!-- Written by \`npm run reference\` from the docstrings in src. -->\n\n${text.trim()}\n`
}
