import type { HtmlEscapedString } from 'hono/utils/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { DemoContext } from './demo-env.ts'

/** A whole page as the response. Pages show what is private to a visitor, so no cache keeps them. */
export function page(
  c: DemoContext,
  view: HtmlEscapedString | Promise<HtmlEscapedString>,
  status: ContentfulStatusCode = 200,
) {
  c.header('Cache-Control', 'no-store')
  return c.html(`<!DOCTYPE html>${view}`, status)
}
