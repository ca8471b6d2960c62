import type { HttpResponse } from '../http/http-response.ts'

/** Tells a page for someone who is signed in from one for nobody, by what was different when it was known. */
export interface SignedInPage {
  shows(response: HttpResponse): boolean
}

/**
 * Undefined: the pages are no different. Of each kind two are needed, as every page has something that changes by itself;
 * what is the same in both and in no page for nobody is the mark of being signed in.
 */
export function learnSignedInPage(
  anonymous: readonly HttpResponse[],
  signedIn: readonly HttpResponse[],
): SignedInPage | undefined {
  const status = signedIn[0]?.status
  if (signedIn.some((response) => response.status !== status)) return undefined
  const [first = new Set<string>(), ...others] = signedIn.map(wordsOf)
  const elsewhere = anonymous.map(wordsOf)
  const marks = [...first].filter(
    (word) => others.every((words) => words.has(word)) && !elsewhere.some((words) => words.has(word)),
  )
  if (marks.length === 0 && anonymous.some((response) => response.status === status)) return undefined
  return {
    shows(response) {
      const words = wordsOf(response)
      const found = marks.filter((mark) => words.has(mark)).length
      return response.status === status && found * 2 >= marks.length
    },
  }
}

function wordsOf(response: HttpResponse): Set<string> {
  return new Set(`${response.header('location') ?? ''} ${response.text}`.match(/[\p{L}\p{N}]+/gu) ?? [])
}
