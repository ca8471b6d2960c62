/**
 * What the runner is told of a server. All but `baseUrl`, `users`, `routes.signIn` and `routes.whoAmI` is optional: a check that needs
 * what is not described is `not applicable`, and says what it missed. It is plain data, so it may be a JSON file.
 */
export interface Description {
  /** Shown above the table. Default: the base URL. */
  readonly name?: string
  /** Scheme, host and port, such as `https://localhost:3000`. Checks of `__Host-` cookies want https. */
  readonly baseUrl: string
  /** The same server over plain http, where it is to send visitors to https. */
  readonly plainUrl?: string
  readonly proxy?: {
    /** A plain http address at which the runner counts as a trusted proxy that ends https. */
    readonly trustedUrl?: string
    /** A plain http address at which the runner is nobody special. Default: `plainUrl`. */
    readonly untrustedUrl?: string
  }
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: found out, as the one cookie that is enough to stay signed in. */
  readonly cookieName?: string
  readonly users: {
    readonly first: User
    readonly second?: User
    /** With `{n}` in the name: any number of users, so that no check meets another's sessions. */
    readonly many?: User
    /** One who has a second factor. */
    readonly withSecondFactor?: User & { readonly code: string }
    readonly admin?: User
  }
  readonly routes: { readonly signIn: Route; readonly whoAmI: Route } & { readonly [Name in RouteName]?: Route }
  /** How a session-bound token is asked for and sent. Default: no tokens. */
  readonly csrf?: {
    /** The header that carries it … */
    readonly header?: string
    /** … or the form field. */
    readonly field?: string
    /** `always`: every unsafe request of the runner brings one. `without-origin`: only one that does not say where it comes from. Default: `always`. */
    readonly needed?: 'always' | 'without-origin'
  }
  /** Test-only header by which a request says what time it is, in milliseconds since 1970. */
  readonly clockHeader?: string
  /** Test-only header by which a request says from which address it comes. */
  readonly addressHeader?: string
  /** The session cookie's name in another application on the same store, asked for by the route `otherApplication`. */
  readonly otherCookieName?: string
  /** What the server does about a cookie that turns up in another browser and network. Default: nothing that is described. */
  readonly binding?: 'step-up'
  /** What the documentation promises. Times in seconds. */
  readonly limits?: Limits
  /** Where the promises are written down: a file, and what it must say. */
  readonly documentation?: { readonly file: string; readonly says: readonly string[] }
  /** The process that serves, where it is one: its number must not be in an id. */
  readonly processId?: number
  /** The source files that make ids: they must ask neither the clock nor `Math.random`. */
  readonly idSources?: readonly string[]
  /** Where the server keeps one file for each session, on this machine. */
  readonly storeDirectory?: string
  /** For checks that HTTP can't do: where they are done instead. Printed with the reason. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

/** Someone who can sign in. */
export interface User {
  readonly name: string
  readonly password: string
}

/** What the server promises of its sessions' time and number, so that it can be held to it. */
export interface Limits {
  readonly idleSeconds?: number
  readonly absoluteSeconds?: number
  /** How often the cookie of a signed-in visitor is replaced, and how long the old one works after the new one was seen. */
  readonly rotation?: {
    readonly everySeconds: number
    readonly graceSeconds: number
    /** What the late use of an old cookie does. Default: `report`. */
    readonly onReuse?: 'report' | 'revoke'
  }
  readonly sessionsPerUser?: { readonly max: number; readonly whenFull: 'end-oldest' | 'refuse' }
  /** After how long a sensitive change asks for the password again. */
  readonly stepUpSeconds?: number
}

/**
 * A request to one route. Its texts may hold `{user}`, `{password}`, `{code}`, `{key}`, `{value}`, `{handle}`, `{milliseconds}`
 * and `{settings}`; they are escaped as the place needs it.
 */
export interface Route {
  /** Default: POST with a body, else GET. */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: string
  /** What the answer says, as a regular expression with one group: the value, the token, or each handle. Default: the whole body. */
  readonly pattern?: string
}

export const routeNames = [
  'page',
  'anonymousWrite',
  'signIn',
  'secondFactor',
  'signOut',
  'failingSignOut',
  'reauthenticate',
  'changePassword',
  'changeRole',
  'forgotPassword',
  'whoAmI',
  'readValue',
  'writeValue',
  'jsonWrite',
  'slowWrite',
  'regenerate',
  'listSessions',
  'revokeSession',
  'revokeOthers',
  'adminRevoke',
  'disableUser',
  'sensitiveChange',
  'csrfToken',
  'webSocket',
  'otherApplication',
  'configure',
  'configuration',
  'dump',
  'log',
  'breakStore',
  'mendStore',
  'corrupt',
  'rotateKeys',
  'retireKeys',
  'forgeRecord',
] as const

/** What each is for: docs/conformance.md. */
export type RouteName = (typeof routeNames)[number]

/** What a description from a file is taken for; throws a TypeError that names what is wrong with it. */
export function parseDescription(value: unknown): Description {
  if (!isObject(value)) throw new TypeError('the description must be an object')
  const { baseUrl, users, routes } = value
  if (typeof baseUrl !== 'string' || !URL.canParse(baseUrl)) {
    throw new TypeError(`baseUrl must be a URL such as https://localhost:3000, got ${JSON.stringify(baseUrl)}`)
  }
  if (!isObject(users) || !isObject(users.first)) throw new TypeError('users.first must be { name, password }')
  if (!isObject(routes)) throw new TypeError('routes must be an object of routes by name')
  for (const [name, route] of Object.entries(routes)) {
    if (!(routeNames as readonly string[]).includes(name)) {
      throw new TypeError(`routes.${name} is not a name that the runner knows: ${routeNames.join(', ')}`)
    }
    if (!isObject(route) || typeof route.path !== 'string' || !route.path.startsWith('/')) {
      throw new TypeError(`routes.${name} must be { path: '/…' }`)
    }
  }
  for (const name of ['signIn', 'whoAmI']) if (!(name in routes)) throw new TypeError(`routes.${name} is missing`)
  return value as unknown as Description
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
