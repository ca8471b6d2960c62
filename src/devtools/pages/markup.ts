import type { HtmlEscapedString } from 'hono/utils/html'

/** What a component makes: HTML as text. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>
