// npm run check:docs: what the documentation says is true of this tree.
//   ```ts            is type-checked, each block as a module of its own
//   ```ts continued  belongs to the block before it
//   ```ts run        is run as well, until it exits; a block ```text output after it is what it prints
//   ```ts serve      is run until it listens, and answers GET / with less than 500
//   <!-- ts … -->    is code that the block after it needs and the reader does not
// Relative links and anchors lead somewhere, and docs/reference is what the source gives: see scripts/reference/run.mjs.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Block {
  /** The info string's words after the language, such as `run`. */
  readonly words: readonly string[]
  readonly language: string
  /** The line of its first line of code, from 0. */
  readonly start: number
  readonly lines: readonly string[]
}

interface Snippet {
  /** The Markdown file. */
  readonly page: string
  /** Where the code was written to. Its line numbers are the page's. */
  readonly file: string
  /** The first line of the page that it shows, from 1. */
  readonly line: number
  /** `run`, `serve`, or neither. */
  readonly use: string | undefined
  output: string | undefined
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const workshop = join(root, '.docs-check')

const pages = markdownFiles(root)
rmSync(workshop, { recursive: true, force: true })
mkdirSync(workshop)
try {
  const isForReading = (page: string) => /^(README|SECURITY)\.md$|^docs\/(?!reference\/)/.test(page)
  const snippets = pages.filter(isForReading).flatMap(snippetsOf)
  const faults = [
    ...pages.flatMap(deadLinks),
    ...typeFaults(snippets),
    ...snippets.flatMap(runFaults),
    ...referenceFaults(),
  ]
  for (const fault of faults) console.error(fault)
  const ran = snippets.filter(({ use }) => use).length
  console.log(`${pages.length} pages, ${snippets.length} snippets (${ran} run): ${faults.length} faults`)
  process.exitCode = faults.length ? 1 : 0
} finally {
  rmSync(workshop, { recursive: true, force: true })
}

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules' && name !== 'dist')
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return markdownFiles(path)
      return entry.name.endsWith('.md') ? [relative(root, path)] : []
    })
}

function snippetsOf(page: string): Snippet[] {
  const snippets: Snippet[] = []
  let code: string[] = []
  let setup: Block | undefined
  for (const block of blocksOf(page)) {
    const previous = snippets.at(-1)
    if (block.language === 'text' && block.words.includes('output') && previous) {
      previous.output = block.lines.join('\n')
    } else if (block.words.includes('hidden')) {
      setup = block
    } else if (block.language === 'ts' || block.language === 'tsx') {
      const isContinued = block.words.includes('continued') && previous
      if (!isContinued) code = []
      for (const part of [setup, block]) {
        for (const [index, line] of part?.lines.entries() ?? []) code[(part?.start ?? 0) + index] = line
      }
      const file = isContinued
        ? previous.file
        : join(workshop, `${page.replaceAll(/[/\\]/g, '.')}.${block.start}.${block.language}`)
      writeFileSync(file, `${Array.from(code, (line) => line ?? '').join('\n')}\nexport {}\n`)
      const use = block.words.find((word) => word === 'run' || word === 'serve')
      if (isContinued) snippets.pop()
      snippets.push({
        page,
        file,
        line: block.start + 1,
        use: use ?? (isContinued ? previous.use : undefined),
        output: undefined,
      })
      setup = undefined
    }
  }
  return snippets
}

/** The fenced blocks of a page, and its `<!-- ts … -->` comments as blocks that say `hidden`. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: { block: Block & { lines: string[] }; end: RegExp; indent: string } | undefined
  readFileSync(join(root, page), 'utf8')
    .split(/\r?\n/)
    .forEach((line, index) => {
      if (open?.end.test(line)) {
        blocks.push(open.block)
        open = undefined
      } else if (open) {
        open.block.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
      } else {
        const [, indent = '', fence, info = ''] = /^(\s*)(`{3,}|~{3,}|<!-- (?=ts$))(.*)$/.exec(line) ?? []
        if (!fence) return
        const [language = '', ...words] = info.trim().split(/\s+/)
        const isComment = fence.startsWith('<')
        open = {
          block: { language, words: isComment ? ['hidden'] : words, start: index + 1, lines: [] },
          end: isComment ? /^\s*-->/ : new RegExp(`^\\s*${fence}\\s*$`),
          indent,
        }
      }
    })
  return blocks
}

function typeFaults(snippets: readonly Snippet[]): string[] {
  if (snippets.length === 0) return []
  writeFileSync(
    join(workshop, 'tsconfig.json'),
    JSON.stringify({ extends: '../tsconfig.json', files: snippets.map(({ file }) => file) }),
  )
  const { status, stdout } = spawnSync(
    join(root, 'node_modules', '.bin', 'tsc'),
    ['-p', workshop, '--pretty', 'false'],
    {
      cwd: root,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    },
  )
  if (status === 0) return []
  const pageOf = (file: string) => snippets.find((snippet) => snippet.file === resolve(root, file))?.page
  return stdout
    .trim()
    .split('\n')
    .map((line) =>
      line.replace(/^(\S+)\((\d+),(\d+)\): /, (_, file, ...at) => `${pageOf(file) ?? file}:${at[0]}:${at[1]} `),
    )
}

function runFaults({ page, file, line, use, output }: Snippet): string[] {
  if (!use) return []
  const folder = mkdtempSync(join(tmpdir(), 'docs-'))
  const serve = ['--import', new URL('serve-once.mjs', import.meta.url).href]
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), ...(use === 'serve' ? serve : []), file],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
    },
  )
  rmSync(folder, { recursive: true, force: true })
  const where = `${page}:${line} `
  if (error || status !== 0) return [`${where}${error?.message ?? `exits with ${status}`}\n${stdout}${stderr}`]
  if (output === undefined || output.trim() === stdout.trim()) return []
  return [`${where}does not print what the page shows, but\n${stdout}`]
}

function referenceFaults(): string[] {
  const program = join(root, 'scripts', 'reference', 'run.mjs')
  const { status, stderr } = spawnSync(process.execPath, [program, '--check'], { cwd: root, encoding: 'utf8' })
  return status === 0 ? [] : stderr.trim().split('\n')
}

function deadLinks(page: string): string[] {
  const text = withoutCode(readFileSync(join(root, page), 'utf8'))
  const links = [
    ...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)|\b(?:href|src)="([^"]+)"/gm),
  ]
  return links.flatMap((match) => {
    const link = match[1] ?? match[2] ?? match[3] ?? ''
    if (/^[a-z][a-z+.-]*:|^\/\//i.test(link)) return []
    const [path = '', anchor] = decodeURIComponent(link).split('#')
    const target = path ? join(dirname(page), path) : page
    if (target.startsWith('..') || !existsSync(join(root, target))) return [`${page}: ${link} leads to no file`]
    if (!anchor || !target.endsWith('.md') || anchorsOf(target).has(anchor)) return []
    return [`${page}: ${link} leads to no heading`]
  })
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^(\s*)(`{3,}|~{3,})[\s\S]*?^\s*\2\s*$/gm, '')
  const anchors = new Set([...text.matchAll(/\b(?:id|name)="([^"]+)"/g)].map((match) => match[1] ?? ''))
  for (const [, heading = ''] of text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

function withoutCode(text: string): string {
  return text.replaceAll(/^(\s*)(`{3,}|~{3,})[\s\S]*?^\s*\2\s*$/gm, '').replaceAll(/`[^`\n]*`/g, '')
}
