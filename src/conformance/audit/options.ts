import type { ConnectionOptions } from '../http/connection.ts'
import type { HtmlForm } from './html.ts'

/** What an audit has to know: where to log in, and as whom. */
export interface AuditRequest {
  /** The page where a visitor begins. */
  readonly url: string | URL
  /** The path of the login page, or of what takes the login where there is no such page. */
  readonly login: string
  /** What is filled in, by the names of the form's fields. */
  readonly fields: Readonly<Record<string, string>>
  /** The path of a page that looks different to someone who is signed in. Default: where the login leads, else the first page. */
  readonly me?: string
  /** The path that logs out. Without it nothing is said of logging out. */
  readonly logout?: string
  /** How the login is sent where no form says so. Default: `form`. */
  readonly send?: 'form' | 'json'
  /** How many ids are looked at, each from a login of its own if no page gives them away. Default: 10. */
  readonly samples?: number
  /** The same site over plain http. Default: port 80, where the site has port 443. */
  readonly plainUrl?: string
  /** How to connect: certificates, deadline, another address. */
  readonly connection?: ConnectionOptions
}

/** The same, with everything found out. */
export interface AuditOptions extends AuditRequest {
  readonly url: string
  readonly start: string
  readonly me: string
  readonly samples: number
  /** The login form as a visitor without cookies gets it. */
  readonly knownForm?: HtmlForm
}
