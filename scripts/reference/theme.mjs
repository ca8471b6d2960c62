// How a page of the reference reads: a table of its names, then each with its signature, its docstring and its members.
import { ReflectionKind } from 'typedoc'
import { MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown'
import { hasDocstring, hiddenTextsOf, textOf, typeTextOf } from './source-text.mjs'

const { Class, Constructor, Function: Func, Interface, Method, TypeAlias, Variable } = ReflectionKind
const order = [Func, Class, Interface, TypeAlias, Variable]

/** The order of the headings. It must be settled before the anchors are made, as those of like names are numbered. */
export function inOrder(names) {
  return names.toSorted(
    (one, other) => order.indexOf(one.kind) - order.indexOf(other.kind) || (one.name < other.name ? -1 : 1),
  )
}

export class ReferenceTheme extends MarkdownTheme {
  getRenderContext(page) {
    return new ReferenceContext(this, page, this.application.options)
  }
}

class ReferenceContext extends MarkdownThemeContext {
  templates = {
    ...this.templates,
    index: ({ model }) => indexPage(this, model),
    reflection: ({ model }) => (model.isProject() ? indexPage(this, model) : entryPage(this, model)),
  }
}

function indexPage(context, project) {
  const rows = project.children.map((entry) => [
    `[\`${entry.name}\`](${context.urlTo(entry)})`,
    entry.children.map((name) => nameLink(context, name)).join(', '),
  ])
  return [
    '# Reference',
    'Every public name, written by `npm run reference` from the docstrings in [`src`](../../src). The [guide](../guide.md) is for reading; this is for looking up.',
    table(['import from', 'names'], rows),
  ].join('\n\n')
}

function entryPage(context, entry) {
  const names = entry.children
  const rows = names.map((name) => [nameLink(context, name), firstSentence(context, commentOf(context, name))])
  return [
    `# ${entry.name}`,
    context.helpers.getCommentParts(entry.comment?.summary ?? []),
    names.length > 3 ? table(['name', ''], rows) : '',
    ...names.map((name) => section(context, name)),
  ].join('\n\n')
}

function section(context, name) {
  const own = (name.children ?? []).filter((member) => !member.inheritedFrom)
  const isShape = name.kindOf([Class, Interface])
  const methods = own.filter(({ signatures, kind }) => signatures && (kind === Method || kind === Constructor))
  const properties = own.filter((member) => !methods.includes(member))
  const head = textOf(symbolOf(context, name))
  return [
    `## ${name.name}${name.kind === Func ? '()' : ''}`,
    isShape && /^interface \w+$/.test(head) ? '' : code(head),
    docs(context, commentOf(context, name)),
    basesOf(context, name),
    isShape ? propertyTable(context, properties) : '',
    ...(isShape ? methods.map((method) => methodSection(context, name, method)) : []),
    hidden(context, name, isShape ? own : []),
  ].join('\n\n')
}

function methodSection(context, owner, method) {
  const isConstructor = method.kind === Constructor
  const variable = owner.name[0].toLowerCase() + owner.name.slice(1)
  const title = isConstructor ? `new ${owner.name}()` : `${variable}.${method.name}()`
  const text = textOf(symbolOf(context, method)).replace(/^constructor/, `new ${owner.name}`)
  return [
    `### ${title}${method.flags.isOptional ? ' (optional)' : ''}`,
    code(text),
    docs(context, commentOf(context, method)),
  ].join('\n\n')
}

function propertyTable(context, properties) {
  if (properties.length === 0) return ''
  const hasDocs = properties.some((property) => commentOf(context, property))
  const rows = properties.map((property) => {
    const cells = [`\`${property.name}${property.flags.isOptional ? '?' : ''}\``, typeCell(context, property)]
    return hasDocs ? [...cells, context.helpers.getCommentParts(commentOf(context, property)?.summary ?? [])] : cells
  })
  const examples = properties.flatMap((property) =>
    (commentOf(context, property)?.getTags('@example') ?? []).map(
      (tag) => `\`${property.name}\`, for example:\n\n${context.helpers.getCommentParts(tag.content)}`,
    ),
  )
  return [table(hasDocs ? ['property', 'type', ''] : ['property', 'type'], rows), ...examples].join('\n\n')
}

/** With links, where it is made of names; functions and objects read better as they were written. */
function typeCell(context, property) {
  const written = typeTextOf(symbolOf(context, property))
  if (/=>|[{[]/.test(written)) return `\`${written}\``
  return context.partials.someType(property.getSignature?.type ?? property.type)
}

/** What the signatures above name and no one can import. */
function hidden(context, name, members) {
  const { conversion } = context.theme.application
  const texts = hiddenTextsOf(
    (members.length > 0 ? members : [name]).map((each) => symbolOf(context, each)),
    conversion.programs[0].getTypeChecker(),
    (symbol) => conversion.getReflectionFromSymbol(symbol) !== undefined,
  )
  return texts.length > 0 ? `Named above, and not exported:\n\n${code(texts.join('\n\n'))}` : ''
}

function docs(context, comment) {
  if (!comment) return ''
  const examples = comment.getTags('@example').map((tag) => context.helpers.getCommentParts(tag.content))
  return [context.helpers.getCommentParts(comment.summary), ...examples].join('\n\n')
}

/** TypeDoc hands a docstring on to whoever extends or redeclares; it is about what it was written for. */
function commentOf(context, reflection) {
  if (!hasDocstring(symbolOf(context, reflection))) return undefined
  const { comment, signatures, getSignature } = reflection
  return comment ?? getSignature?.comment ?? signatures?.find((signature) => signature.comment)?.comment
}

function basesOf(context, { extendedTypes = [] }) {
  const bases = extendedTypes.filter(({ reflection }) => reflection).map((type) => context.partials.someType(type))
  return bases.length > 0 ? `Beside what ${bases.join(' and ')} has:` : ''
}

function firstSentence(context, comment) {
  const text = context.helpers.getCommentParts(comment?.summary ?? []).replaceAll(/\s+/g, ' ')
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text
}

function nameLink(context, name) {
  return `[\`${name.name}\`](${context.urlTo(name)})`
}

function symbolOf(context, reflection) {
  return context.theme.application.conversion.getSymbolFromReflection(reflection)
}

function code(text) {
  return `\`\`\`ts\n${text}\n\`\`\``
}

function table(head, rows) {
  const line = (cells) =>
    `| ${cells.map((cell) => cell.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/(?<!\\)\|/g, '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
