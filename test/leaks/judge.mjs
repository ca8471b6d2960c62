import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deliberate } from './deliberate.mjs'

const chunkLength = 16

/**
 * Reads what watch.cjs has written into a folder: how many tickets were issued, how many texts were searched, and which of them hold a
 * ticket, or a part of at least 31 characters of it or of its secret, in base64, base64url or hex.
 */
export function judge(folder) {
  const tickets = new Map()
  const chunks = new Map()
  const searched = {}
  for (const name of readdirSync(folder)) {
    let process = ''
    const counts = {}
    for (const line of readFileSync(join(folder, name), 'latin1').split('\n')) {
      const [kind, first = '', second = ''] = line.split('\t')
      if (kind === 'process') process = first
      else if (kind === 'ticket' && isRandom(first)) tickets.set(first, process)
      else if (kind === 'count') counts[first] = Math.max(counts[first] ?? 0, Number(second))
      else if (kind === 'text')
        cut(chunks, { process, place: first, text: second.replaceAll('+', '-').replaceAll('/', '_') })
    }
    for (const [place, count] of Object.entries(counts)) searched[place] = (searched[place] ?? 0) + count
  }
  const leaks = new Map()
  for (const [ticket, issuer] of tickets) {
    for (const form of formsOf(ticket)) {
      for (let start = 0; start + chunkLength <= form.length; start++) {
        const text = chunks.get(form.slice(start, start + chunkLength))
        if (text && !isDeliberate(text))
          leaks.set(`${text.place} of ${text.process}: ${ticket}`, { ...text, ticket, issuer })
      }
    }
  }
  return { tickets: tickets.size, searched, leaks: [...leaks.values()] }
}

/** What the run says of it. A whole run in which nothing was issued, or nothing was searched in one of the places, is none that proves anything. */
export function report({ tickets, searched, leaks }, { isWhole }) {
  const unsearched = isWhole ? places.filter((place) => !searched[place]) : []
  const isEmpty = isWhole && (tickets === 0 || unsearched.length > 0)
  const counts = places.map((place) => `${(searched[place] ?? 0).toLocaleString('en')} × ${place}`)
  const lines = [
    ...leaks.map(
      ({ place, process, text }) => `leak: a ticket is in the ${place} of ${process}: ${text.slice(0, 24)}…`,
    ),
    ...(leaks.length > 0
      ? ['leak watch: if a test shows it on purpose, say so in test/leaks/deliberate.mjs, and why']
      : []),
    ...unsearched.map((place) => `leak watch: no text of the kind “${place}” was searched`),
    `leak watch: ${tickets.toLocaleString('en')} tickets, ${leaks.length || 'none'} found in ${counts.join(', ')}`,
  ]
  return {
    isClean: leaks.length === 0 && !isEmpty,
    lines: isWhole || leaks.length > 0 ? lines : [],
  }
}

const places = [
  'event',
  'error',
  'stdout',
  'stderr',
  'url',
  'response header',
  'response body',
  'process title',
  'process arguments',
]

/** Any 31 characters of a text hold one of these whole. */
function cut(chunks, text) {
  for (let start = 0; start + chunkLength <= text.text.length; start += chunkLength) {
    const chunk = text.text.slice(start, start + chunkLength)
    const known = chunks.get(chunk)
    if (!known || isDeliberate(known)) chunks.set(chunk, text)
  }
}

/** Bytes that a test has made up look like nothing that chance would make: `AAAA…`. */
function isRandom(ticket) {
  return new Set(ticket).size > 24
}

/** 16 bytes of masked session id, then the secret. */
function formsOf(ticket) {
  const bytes = Buffer.from(ticket, 'base64url')
  return [ticket, bytes.subarray(16).toString('base64url'), bytes.toString('hex')]
}

function isDeliberate({ process, place }) {
  return deliberate.some((each) => process.includes(each.of) && each.place === place)
}
