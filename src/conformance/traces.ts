/** The ways in which a secret may be written down: as it is, decoded, or in another encoding of its bytes. */
export function spellings(secret: string): string[] {
  const plain = decodeURIComponent(secret)
  const bytes = Buffer.from(plain, /^([0-9a-f]{2})+$/i.test(plain) ? 'hex' : 'base64url')
  const all = [secret, plain, encodeURIComponent(plain), bytes.toString('hex'), bytes.toString('base64')]
  // A part of a signed value opens the session as well as the whole.
  const parts = plain.split('.').filter((part) => part.length >= 16)
  return [...new Set([...all, ...parts])].filter((text) => text.length >= 8)
}

/** Which of the texts are in it. Base64 in JSON may have its slashes escaped. */
export function appearances(text: string, texts: readonly string[]): string[] {
  const plain = text.replaceAll('\\/', '/')
  return texts.filter((each) => plain.includes(each))
}

/** Parts of a secret's bytes that would be as good as the whole to someone who knows how it is made. */
export function pieces(secret: string): string[] {
  const plain = decodeURIComponent(secret)
  const bytes = Buffer.from(plain, /^([0-9a-f]{2})+$/i.test(plain) ? 'hex' : 'base64url')
  if (bytes.length < 24) return []
  const parts = [bytes.subarray(0, 16), bytes.subarray(-16), bytes.subarray(0, 32), bytes.subarray(-32)]
  return parts.flatMap((part) => [part.toString('hex'), part.toString('base64url'), part.toString('base64')])
}
