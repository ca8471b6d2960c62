import type { Browser } from 'playwright-core'
import type { EvilSite } from './evil-site.ts'

/** A form of the application, as anyone can fill it in. */
export interface Form {
  readonly path: string
  readonly fields: { readonly [name: string]: string }
}

/** Who the server takes the sender of a Cookie header for. */
export interface Identity {
  readonly userId?: string | undefined
  readonly role?: string | undefined
}

/** A slow request, held by the server in the middle of its work until the test lets it go on. */
export interface Hold {
  /** Resolves when it is there. */
  reached(): Promise<void>
  release(): void
}

/** What an attack is aimed at. All targets look the same from outside, so that one script is run on each. */
export interface Target {
  readonly name: string
  readonly url: string
  /** The name of the session's cookie, at this address or behind a proxy at another one. */
  cookieName(url?: string): string

  /** Leaves something with a server that knows nobody yet. */
  readonly begin: Form
  /** Changes something that is the victim's. */
  readonly change: Form
  /** Whether the server has made that change for the victim. */
  isChanged(): Promise<boolean>
  /** A request that writes into the session, for `hold`. */
  readonly slow: Form
  /** The next slow request is held. To be asked for before it is sent. */
  hold(): Hold
  /** Where two requests can meet. Absent where each session holds but one thing. */
  readonly parallel?: {
    /** Resolves when the server has begun with a request for this path. To be asked for before it is sent. */
    arrival(path: string): Promise<unknown>
    /** Puts something into the session that is worth money, once. */
    readonly give: Form
    readonly spend: Form
    /** How much the victim has been paid. */
    paid(): number
  }
  /** Starts something in the victim's name that is no login, such as "I forgot my password". */
  readonly puzzle: readonly Form[]
  /** Has a page of the application run a script, and says which. Absent where the application escapes what it shows. */
  inject?(script: string): Promise<string>
  /** Puts a file on the server's disk, as an upload does, and says where, seen from the session files. */
  upload(content: string): Promise<string>

  /** Asks the server's store, past its pages. */
  whoIs(cookieHeader: string, url?: string): Promise<Identity>
  /** The data of the user's live sessions, as stored. */
  sessionsOf(userId: string): Promise<readonly object[]>
  /** Every file of the store: what a leaked backup holds. */
  dump(): readonly { readonly path: string; readonly text: string }[]
  /** Signs that many other users in, and returns the cookie of one. */
  populate(count: number): Promise<string>
  stop(): Promise<void>
}

/** The victim's account, and the attacker's own. */
export const victim = { name: 'admin', password: 'secret' } as const
export const attacker = { name: 'mallory', password: 'password' } as const

/** Where an attack takes place. */
export interface Scene {
  /** Launched when it is asked for first. */
  browser(): Promise<Browser>
  readonly evil: EvilSite
}

export interface Outcome {
  /** As the server's state has it, not the page. */
  readonly succeeded: boolean
  readonly evidence: string
}

/** Under which of its names the attacker's site is visited. */
export type EvilOrigin = 'crossSite' | 'sibling'

export type Attack = (target: Target, scene: Scene) => Promise<Outcome>

/** An identity in a few words, such as `admin (role admin)`. */
export function inWords({ userId, role }: Identity): string {
  return `${userId ?? 'nobody'}${role === undefined ? '' : ` (role ${role})`}`
}
