import { createHash } from 'node:crypto'
import { putTogether } from '../http/tickets.ts'
import type { Find } from './dumps.ts'

/** Every string of a dump that might be a credential, and every string of bytes that might be a part of one. */
export function partsOf(finds: readonly Find[]): { readonly texts: string[]; readonly bytes: Buffer[] } {
  const texts = new Set<string>()
  const bytes = new Map<string, Buffer>()
  const keep = (found: Buffer): void => {
    if (found.length < 16 || found.length > 64) return
    bytes.set(found.toString('hex'), found)
    texts.add(found.toString('hex')).add(found.toString('base64url'))
  }
  for (const find of finds) {
    keep(find.bytes)
    for (const [token] of find.bytes.toString('latin1').matchAll(/[A-Za-z0-9_-]{16,}/g)) {
      // A name in front of it is not a part of it: sess_9f86d0…
      for (const each of [token, ...token.split(/[_-]/)]) {
        if (each.length < 16 || each.length > 256) continue
        texts.add(each)
        keep(Buffer.from(each, 'base64url'))
        if (/^([0-9a-f]{2})+$/i.test(each)) keep(Buffer.from(each, 'hex'))
      }
    }
  }
  return { texts: [...texts], bytes: [...bytes.values()] }
}

/**
 * What a thief would try as a cookie who has a whole dump, and has read the source: each string as it is and cut to a ticket's
 * length, each pair of parts as session id and secret, masked and plain, and each part as the secret of sessions whose id is
 * known from elsewhere.
 */
export function ticketsFrom(finds: readonly Find[], knownIds: readonly Buffer[]): Set<string> {
  const { texts, bytes } = partsOf(finds)
  const tickets = new Set<string>()
  for (const text of texts) {
    tickets.add(text)
    for (let start = 0; start + 64 <= text.length; start++) tickets.add(text.slice(start, start + 64))
  }
  const ids = [...bytes.flatMap((each) => [each.subarray(0, 16), each.subarray(-16)]), ...knownIds]
  const secrets = bytes.filter(({ length }) => length === 32)
  for (const secret of [...secrets]) secrets.push(createHash('sha256').update(secret).digest())
  for (const secret of secrets) {
    for (const sid of ids) {
      tickets.add(putTogether({ sid, secret }))
      tickets.add(Buffer.concat([sid, secret]).toString('base64url'))
    }
  }
  return tickets
}
