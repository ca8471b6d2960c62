/** The first four characters: enough to see that a value changed, too few to use. */
export function cut(value: string): string {
  return value.length > 4 ? `${value.slice(0, 4)}…` : value
}

/** A cookie's `name=value`, the value cut. */
export function cutPair(pair: string): string {
  const equals = pair.indexOf('=')
  return `${shorten(pair.slice(0, equals), 60)}=${cut(pair.slice(equals + 1))}`
}

/** A Set-Cookie line with its attributes, the value cut. */
export function cutSetCookie(header: string): string {
  const end = header.indexOf(';')
  return end === -1 ? cutPair(header) : cutPair(header.slice(0, end)) + shorten(header.slice(end), 160)
}

/** Without a query or a fragment; and a part that looks random, as in a link to reset a password, is cut like a cookie. */
export function cutPath(path: string): string {
  const bare = path.split(/[?#]/, 1)[0] ?? ''
  return shorten(
    bare.replaceAll(/[^/]{16,}/g, (part) => (looksRandom(part) ? cut(part) : part)),
    80,
  )
}

/** Where a redirect leads: an address of its own host, or of another one, cut as a path is. */
export function cutLocation(location: string): string {
  const [, origin = '', path = ''] = /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?(.*)$/is.exec(location) ?? []
  // A user name and a password may stand before the host.
  return shorten(origin.replace(/\/\/[^@]*@/, '//'), 80) + cutPath(path)
}

export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

/** Digits among letters, or both cases within a word, more than once: no word that a person would choose. */
function looksRandom(part: string): boolean {
  const changes = part.match(/\d(?=[A-Za-z])|[A-Za-z](?=\d)|[a-z](?=[A-Z]{2})|[A-Z]{2}(?=[a-z])/g)?.length ?? 0
  return changes >= 3 || /^[\da-f-]{16,}$/i.test(part) || part.length > 64
}
