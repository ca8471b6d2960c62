// Declarations as the source has them: formatted, with their defaults and with the comments inside.
import ts from 'typescript'

/** @param {ts.Symbol} symbol */
export function hasDocstring(symbol) {
  return declarationsOf(symbol).some((declaration) => ts.getJSDocCommentsAndTags(documented(declaration)).length > 0)
}

/**
 * What a caller sees of a name: a signature without its body, a type in full, the head of an interface or a class.
 *
 * @param {ts.Symbol} symbol
 */
export function textOf(symbol) {
  const declarations = declarationsOf(symbol)
  const overloads = declarations.filter((declaration) => 'body' in declaration && !declaration.body)
  return (overloads.length > 0 ? overloads : declarations).map(signatureOf).join('\n')
}

/**
 * The type of a property or a getter, in one line.
 *
 * @param {ts.Symbol} symbol
 */
export function typeTextOf(symbol) {
  const [declaration] = declarationsOf(symbol)
  if (!declaration?.type) return ''
  const printer = ts.createPrinter({ removeComments: true })
  const text = printer.printNode(ts.EmitHint.Unspecified, declaration.type, declaration.getSourceFile())
  return text.replaceAll(/\s+/g, ' ').replaceAll(/;(?= \})/g, '')
}

/**
 * The declarations that these names rest on and that nobody can import, in the order they are met.
 *
 * @param {readonly ts.Symbol[]} symbols
 * @param {ts.TypeChecker} checker
 * @param {(symbol: ts.Symbol) => boolean} isPublic
 */
export function hiddenTextsOf(symbols, checker, isPublic) {
  const found = new Set()
  const visit = (node) => {
    if (ts.isBlock(node) || ts.isConstructorDeclaration(node) || isPrivate(node)) return
    if (ts.isIdentifier(node)) meet(resolved(checker.getSymbolAtLocation(node), checker))
    ts.forEachChild(node, visit)
  }
  const meet = (symbol) => {
    if (!symbol || found.has(symbol) || isPublic(symbol) || !isHidden(symbol)) return
    found.add(symbol)
    for (const declaration of declarationsOf(symbol)) visit(declaration)
  }
  for (const symbol of symbols) for (const declaration of declarationsOf(symbol)) visitPublicParts(declaration, visit)
  return [...found]
    .filter((symbol) => !declarationsOf(symbol).some(isMark))
    .map((symbol) => declarationsOf(symbol).map(fullTextOf).join('\n'))
}

/** Of a constant with a type, the type alone: its value is no one's business. */
function visitPublicParts(declaration, visit) {
  if (ts.isVariableDeclaration(declaration)) visit(declaration.type ?? declaration)
  else ts.forEachChild(declaration, visit)
}

function resolved(symbol, checker) {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/** At the top of one of our files. */
function isHidden(symbol) {
  return declarationsOf(symbol).some((declaration) => {
    const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
    const file = declaration.getSourceFile()
    return statement.parent === file && !file.isDeclarationFile && !file.fileName.includes('/node_modules/')
  })
}

function declarationsOf(symbol) {
  return symbol?.declarations ?? []
}

/** `declare const sessionId: unique symbol`: it tells one type from another, and is no value. */
function isMark(declaration) {
  return ts.isVariableDeclaration(declaration) && !declaration.initializer
}

function documented(declaration) {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
}

function isPrivate(node) {
  return (
    ts.isClassElement(node) &&
    (ts.isClassStaticBlockDeclaration(node) || (node.name && ts.isPrivateIdentifier(node.name)))
  )
}

function signatureOf(declaration) {
  const file = declaration.getSourceFile()
  const to = (end) => plain(declaration, declaration.getStart(file), end)
  if (ts.isVariableDeclaration(declaration)) {
    return `const ${to(declaration.initializer && declaration.type ? declaration.type.end : declaration.end)}`
  }
  if (ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)) {
    const { heritageClauses, typeParameters, name } = declaration
    return to(file.text.indexOf('{', heritageClauses?.end ?? typeParameters?.end ?? name.end))
  }
  return to(declaration.body ? declaration.body.getStart(file) : declaration.end)
}

/** With its docstring, as nothing else shows it. Of a class, what can be called. */
function fullTextOf(declaration) {
  const statement = documented(declaration)
  if (!ts.isClassDeclaration(declaration)) {
    const from = statement.getStart(declaration.getSourceFile())
    return [...docstrings(statement), plain(statement, from, statement.end)].join('\n')
  }
  const members = declaration.members
    .filter((member) => !ts.isConstructorDeclaration(member) && !isPrivate(member))
    .map((member) => [...docstrings(member), signatureOf(member)].join('\n').replaceAll(/^/gm, '  '))
  return [...docstrings(declaration), `${signatureOf(declaration)} {`, members.join('\n\n'), '}'].join('\n')
}

function docstrings(node) {
  return ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map((doc) => plain(doc, doc.pos, doc.end))
}

/** Without what only the source needs, and as far left as it goes. */
function plain(node, from, to) {
  const file = node.getSourceFile()
  const { character } = file.getLineAndCharacterOfPosition(from)
  return file.text
    .slice(from, to)
    .trim()
    .replace(/^(?:(?:export|declare|async|override|public) )+/, '')
    .replace(/;$/, '')
    .replaceAll(/^ *\/\/ biome-ignore .*\n/gm, '')
    .replaceAll(`\n${' '.repeat(character)}`, '\n')
}
