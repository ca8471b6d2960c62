/** A form as a browser would send it untouched. */
export interface HtmlForm {
  readonly method: 'GET' | 'POST'
  /** As it is written; undefined: the page's own address. */
  readonly action: string | undefined
  /** Names and values of its fields in order: hidden ones, prefilled ones, the first button that has a name. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly hasPassword: boolean
}

/**
 * The forms of a page. This is no parser of HTML: it reads tags and their attributes, skips comments and scripts, and takes a form's
 * fields to be those between its tags, or with its id in `form`. That is enough for forms as servers write them.
 */
export function formsOf(html: string): HtmlForm[] {
  const forms: FormBeingRead[] = []
  let open: FormBeingRead | undefined
  for (const { name, attributes } of tagsOf(html)) {
    if (name === 'form') {
      open = { attributes, fields: [], hasPassword: false, hasButton: false }
      forms.push(open)
    } else if (name === '/form') open = undefined
    else if (name === 'input' || name === 'button' || name === 'textarea') {
      const owner = attributes.get('form')
      const form = owner === undefined ? open : forms.find((each) => each.attributes.get('id') === owner)
      if (form) addField(form, name, attributes)
    }
  }
  return forms.map(({ attributes, fields, hasPassword }) => ({
    method: attributes.get('method')?.toLowerCase() === 'post' ? 'POST' : 'GET',
    action: attributes.get('action') || undefined,
    fields,
    hasPassword,
  }))
}

interface FormBeingRead {
  readonly attributes: ReadonlyMap<string, string>
  readonly fields: [string, string][]
  hasPassword: boolean
  hasButton: boolean
}

function addField(form: FormBeingRead, tag: string, attributes: ReadonlyMap<string, string>): void {
  const type = attributes.get('type')?.toLowerCase() ?? (tag === 'button' ? 'submit' : 'text')
  if (type === 'password') form.hasPassword = true
  const name = attributes.get('name')
  if (!name || attributes.has('disabled') || ['button', 'reset', 'file', 'image'].includes(type)) return
  if ((type === 'checkbox' || type === 'radio') && !attributes.has('checked')) return
  if (type === 'submit' && form.hasButton) return
  if (type === 'submit') form.hasButton = true
  form.fields.push([name, attributes.get('value') ?? (type === 'checkbox' || type === 'radio' ? 'on' : '')])
}

interface Tag {
  /** Lower-case, with a slash before it for an end tag. */
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

/** Start and end tags in order, comments and the insides of scripts and the like left out. One pass, however broken the page. */
function* tagsOf(html: string): Iterable<Tag> {
  const isText = /^(script|style|template|textarea|title)$/
  for (let at = html.indexOf('<'); at !== -1; at = html.indexOf('<', at)) {
    if (html.startsWith('<!--', at)) {
      const end = html.indexOf('-->', at + 4)
      if (end === -1) return
      at = end + 3
      continue
    }
    const name = matchAt(/<(\/?[a-z][^\s/>]*)/iy, html, at)?.[1]?.toLowerCase()
    if (name === undefined) {
      at++
      continue
    }
    const tag = attributesAt(html, at + 1 + name.length)
    if (!tag) return
    yield { name, attributes: tag.attributes }
    at = tag.end
    if (isText.test(name)) {
      const closing = new RegExp(`</${name}`, 'gi')
      closing.lastIndex = at
      const end = closing.exec(html)
      if (!end) return
      at = end.index
    }
  }
}

/** Undefined: the tag has no end. */
function attributesAt(html: string, start: number): { attributes: Map<string, string>; end: number } | undefined {
  const attributes = new Map<string, string>()
  let at = start
  for (;;) {
    at += matchAt(/[\s/]*/y, html, at)![0].length
    if (html[at] === '>') return { attributes, end: at + 1 }
    // The first character of a name may be anything.
    const name = matchAt(/[^>][^\s/>=]*/y, html, at)?.[0]
    if (name === undefined) return undefined
    at += name.length
    const value = matchAt(/\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))/y, html, at)
    const key = name.toLowerCase()
    if (!attributes.has(key)) attributes.set(key, decodeEntities(value?.[1] ?? value?.[2] ?? value?.[3] ?? ''))
    at += value?.[0].length ?? 0
  }
}

/** `pattern` is sticky. */
function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name = '') => {
      const code = hex ? Number.parseInt(hex, 16) : decimal ? Number(decimal) : undefined
      if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole
      return named[name] ?? whole
    },
  )
}
