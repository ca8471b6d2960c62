import type { Client } from './login/client.ts'
import { duration } from './pages/times.tsx'

/** What is known about this visitor, this request and its response. Nothing here is assumed: each was looked at. */
export interface Facts {
  isSecure: boolean
  isLoggedIn: boolean
  /** The newest Set-Cookie line of this browser's ticket, its value cut. */
  setCookie: string | undefined
  /** How this browser's last login changed the cookie, and what the old one opened then. */
  login:
    | { before: string | undefined; after: string | undefined; oldCookie: 'none' | 'refused' | 'accepted' }
    | undefined
  /** Who opened the session, and who uses it now. */
  client: { opened: Client; seen: Client } | undefined
  /** Milliseconds until the session ends. */
  left: { idle: number; absolute: number } | undefined
  /** What this browser's last logout did, if it is remembered. */
  logout: { deletesRecord: boolean; expiresCookie: boolean } | undefined
  /** What a made-up ticket did when the server asked itself with it. */
  madeUp: 'ignored' | 'adopted' | undefined
  /** What became of a form from another site that the server sent itself. */
  foreignForm: 'refused' | 'accepted' | undefined
  /** The visitor's record, searched for parts of the ticket. */
  record: { place: string; holdsTicket: boolean } | undefined
  /** Of this response. */
  cacheControl: string
}

export type Verdict = 'yes' | 'no' | 'unknown'

/** Text between backticks is code. */
export interface Practice {
  practice: string
  why: string
  verdict: Verdict
  evidence: string
}

interface Rule {
  practice: string
  why: string
  judge: (facts: Facts) => readonly [Verdict, string]
}

const startWithHttps = 'Start the demo with `npm start -- --https` and look again.'

/** The table of the original: its five practices, its words. */
const original: readonly Rule[] = [
  {
    practice: '`session_regenerate_id(true)` on login',
    why: 'Prevents session fixation attacks',
    judge({ login }) {
      if (!login) return ['unknown', 'Log in to see.']
      const { before, after, oldCookie } = login
      if (oldCookie === 'accepted') return ['no', 'After your last login the old cookie still opened your session.']
      if (oldCookie === 'refused')
        return [
          'yes',
          `At your last login the ticket changed from \`${before}\` to \`${after}\`. The server tried the old one at once: it was refused.`,
        ]
      return [
        'unknown',
        'Before your last login you had no ticket that had to be replaced. Leave something on the login page first, then log in.',
      ]
    },
  },
  {
    practice: 'Use HTTPS',
    why: 'Prevents session ID interception',
    judge: ({ isSecure }) =>
      isSecure
        ? ['yes', 'This page came over HTTPS.']
        : [
            'no',
            `This page came over plain HTTP. That is bearable only because it never left this machine: for any other host the library gives no cookie. ${startWithHttps}`,
          ],
  },
  {
    practice: 'Set `httponly` cookie flag',
    why: 'Prevents JavaScript theft of session ID',
    judge: (facts) => flag(facts, 'HttpOnly'),
  },
  {
    practice: 'Set `secure` cookie flag',
    why: 'Only send cookie over HTTPS',
    judge(facts) {
      if (facts.isSecure) return flag(facts, 'Secure')
      const [verdict] = flag(facts, 'Secure')
      return verdict === 'yes'
        ? flag(facts, 'Secure')
        : ['no', `It belongs to HTTPS, and this is plain HTTP. ${startWithHttps}`]
    },
  },
  {
    practice: 'Validate user agent/IP (carefully)',
    why: 'Detect session hijacking',
    judge({ client }) {
      if (!client) return ['unknown', 'Log in to see.']
      const { opened, seen } = client
      const sentence = `Your session was opened by ${opened.agent} at ${opened.address}`
      return opened.agent === seen.agent && opened.address === seen.address
        ? [
            'yes',
            `${sentence}, and this request comes from the same. A change is reported, never punished: people change networks all day.`,
          ]
        : [
            'yes',
            `${sentence}, and is now used by ${seen.agent} at ${seen.address}. It was noticed, and is reported on the dashboard; it is no proof.`,
          ]
    },
  },
]

/** What the original leaves out. */
const more: readonly Rule[] = [
  {
    practice: 'Set `samesite` cookie flag',
    why: 'Keeps the forms of other sites from riding on your session',
    judge: (facts) => flag(facts, /^SameSite=(Lax|Strict)$/),
  },
  {
    practice: 'End a session that nobody uses',
    why: 'A browser that was left open is not open for long',
    judge: ({ left }) =>
      left ? ['yes', `Without another request yours ends in ${duration(left.idle)}.`] : ['unknown', 'Log in to see.'],
  },
  {
    practice: 'End every session some day',
    why: 'A copied ticket does not work for ever',
    judge: ({ left }) =>
      left ? ['yes', `Whatever you do, yours ends in ${duration(left.absolute)}.`] : ['unknown', 'Log in to see.'],
  },
  {
    practice: 'Log out on the server, too',
    why: 'A copy of the cookie must be worthless afterwards',
    judge({ logout }) {
      if (!logout) return ['unknown', 'Log out and come back to see.']
      const { deletesRecord, expiresCookie } = logout
      return deletesRecord && expiresCookie
        ? ['yes', 'Your last logout deleted the record on the server and had the browser drop its cookie.']
        : ['no', `Your last logout left ${deletesRecord ? 'the cookie in the browser' : 'the record on the server'}.`]
    },
  },
  {
    practice: 'Accept only IDs that the server issued',
    why: 'Nobody can plant one in your browser',
    judge: ({ madeUp }) =>
      madeUp === undefined
        ? ['unknown', 'The server could not try it just now.']
        : madeUp === 'ignored'
          ? [
              'yes',
              'While it made this page, the server asked itself with a made-up ticket: it opened nothing, and nothing was stored under it.',
            ]
          : ['no', 'A made-up ticket was adopted.'],
  },
  {
    practice: 'Store a hash, not the ID',
    why: 'A stolen copy of the store logs nobody in',
    judge: ({ record }) =>
      !record
        ? ['unknown', 'Log in to see.']
        : record.holdsTicket
          ? ['no', 'A part of your ticket is in your record.']
          : [
              'yes',
              `The server has just searched your record, as it lies in ${record.place}, for any eight characters of your ticket: none is there.`,
            ],
  },
  {
    practice: '`Cache-Control: no-store` on private pages',
    why: 'No cache keeps them for the next one at this computer',
    judge: ({ cacheControl }) =>
      /\bno-store\b/.test(cacheControl)
        ? ['yes', `This response says \`${cacheControl}\`.`]
        : ['no', `This response says \`${cacheControl || 'nothing'}\`.`],
  },
  {
    practice: 'Check where a form comes from',
    why: 'Other sites can’t do things in your name (CSRF)',
    judge: ({ foreignForm }) =>
      foreignForm === undefined
        ? ['unknown', 'The server could not try it just now.']
        : foreignForm === 'refused'
          ? [
              'yes',
              'While it made this page, the server sent itself a form as another site would: it was refused with 403.',
            ]
          : ['no', 'A form of another site was accepted.'],
  },
]

/** Both tables, judged. */
export function judgePractices(facts: Facts): { original: Practice[]; more: Practice[] } {
  const judged = ({ practice, why, judge }: Rule): Practice => {
    const [verdict, evidence] = judge(facts)
    return { practice, why, verdict, evidence }
  }
  return { original: original.map(judged), more: more.map(judged) }
}

/** An attribute of the line that brought the ticket. */
function flag({ setCookie, isLoggedIn }: Facts, wanted: string | RegExp): readonly [Verdict, string] {
  if (setCookie === undefined)
    return [
      'unknown',
      isLoggedIn ? 'Log in again to see: the line that brought your ticket is no longer remembered.' : 'Log in to see.',
    ]
  const found = setCookie
    .split(';')
    .slice(1)
    .map((attribute) => attribute.trim())
    .find((attribute) => (typeof wanted === 'string' ? attribute === wanted : wanted.test(attribute)))
  return found
    ? ['yes', `Your ticket came as \`${setCookie}\`.`]
    : ['no', `Your ticket came as \`${setCookie}\`, without it.`]
}
