import { shopCookies } from '../compare/cookie-shop.ts'
import type { LoggedRequest } from '../request-log.ts'
import type { LineReference } from '../source-lines.ts'
import type { Guess } from './progress.ts'

/** What a step is shown with: this browser's own requests, oldest first, and what it has. */
export interface Scene {
  readonly requests: readonly LoggedRequest[]
  /** Whether it sends a ticket, good or not. */
  readonly hasTicket: boolean
  readonly isLoggedIn: boolean
}

/** Something to do: a form of this demo, or a page where it is done. */
export type Action =
  | { readonly label: string; readonly posts: string; readonly fields?: Readonly<Record<string, string>> }
  | { readonly label: string; readonly goesTo: string }

/** One sentence, one prediction, one action, the evidence, why. `code` stands in backticks. */
export interface TourStep {
  readonly title: string
  readonly sentence: string
  readonly question: string
  readonly guesses: readonly [string, string]
  readonly right: Guess
  /** What stands in the way, and how to clear it. */
  readonly hurdle?: (scene: Scene) => { readonly text: string; readonly action: Action } | undefined
  readonly actions: readonly Action[]
  /** The requests that show it, of those that this server really got. None: it has not been done yet. */
  readonly evidence: (requests: readonly LoggedRequest[]) => readonly LoggedRequest[]
  /** What to look at in them. */
  readonly look: string
  readonly why: string
  readonly lines: readonly LineReference[]
  /** The same away from this page. `URL` is where this demo is. */
  readonly elsewhere: { readonly curl: string; readonly typescript: string; readonly php: string }
}

const logIn = {
  label: 'Log in as Alice',
  posts: '/login',
  fields: { username: 'alice', password: 'password' },
} as const

const mustLogIn = ({ isLoggedIn }: Scene) =>
  isLoggedIn ? undefined : { text: 'You are not logged in, and this step needs a ticket.', action: logIn }

export const tourSteps: readonly TourStep[] = [
  {
    title: 'You have no session yet',
    sentence: 'HTTP forgets you after every request, and a server that keeps nothing for you has nothing to find.',
    question: 'You have asked for this page. What did the session store do about you?',
    guesses: ['Nothing at all', 'It made an empty session'],
    right: 0,
    hurdle: ({ hasTicket }) =>
      hasTicket
        ? {
            text: 'Your browser has a ticket already. Give it back to see what it is like without one.',
            action: { label: 'Log out', posts: '/logout' },
          }
        : undefined,
    actions: [{ label: 'Ask for this page again', goesTo: '/tour/1' }],
    evidence: (requests) =>
      lastOf(requests, ({ method, path, steps }) => method === 'GET' && path === '/tour/1' && steps.length === 0),
    look: 'Between question and answer there is no step of the library: no record was read, none was made, and no ticket was sent. (`viewer` and `tour` are the demo’s own: one tells your requests from others’, one knows how far you are.)',
    why: 'PHP’s `session_start()` would have made an empty file and sent a cookie. Here, a visitor who stores nothing costs nothing, and gets no cookie that a banner would have to ask about.',
    lines: [
      {
        does: 'Without a cookie the store is not asked',
        path: 'src/core/opening.ts',
        first: 'const values = cookieValues(',
        last: 'if (values.length === 0)',
      },
    ],
    elsewhere: {
      curl: 'curl -si URL/login | grep -i set-cookie   # no sid',
      typescript: 'const session = await sessions.open(c)\nsession.isStored   // false',
      php: 'session_start();\n// sess_… exists from here on, empty, and\n// Set-Cookie: PHPSESSID=… is on its way',
    },
  },
  {
    title: 'A ticket and a record',
    sentence: 'You log in: the server hangs up a record, and hands you the ticket for it.',
    question: 'What will be in the cookie?',
    guesses: ['Your name and your rights', 'Random characters only'],
    right: 1,
    actions: [logIn],
    evidence: lastLogin,
    look: 'The answer to `POST /login` brings the ticket: 64 characters, of which you see four. The next request brings it back, and the server reads the record that belongs to it.',
    why: 'All that is known about you stays in the record. The ticket is a number to find it by and a secret that proves the number is yours; of the secret the server itself keeps only a hash.',
    lines: [
      {
        does: 'The ticket’s 64 characters',
        path: 'src/core/ticket.ts',
        first: 'export function formatTicket(',
        last: "toString('base64url')",
      },
    ],
    elsewhere: {
      curl: 'curl -si -c jar -H "Origin: URL" -d username=alice -d password=password URL/login\ncurl -s -b jar URL/dashboard | grep Welcome',
      typescript: "const session = await sessions.open(c)\nsession.signIn('alice')",
      php: "session_start();\nsession_regenerate_id(true);\n$_SESSION['username'] = 'alice';",
    },
  },
  {
    title: 'One character of the ticket',
    sentence: 'A ticket is all that says who you are, so let us change one of its characters, the first.',
    question: 'Who are you then?',
    guesses: ['Somebody else, with some luck', 'Nobody'],
    right: 1,
    hurdle: mustLogIn,
    actions: [{ label: 'Change the first character of my ticket', posts: '/tour/tamper' }],
    evidence(requests) {
      const at = requests.findLastIndex(({ method, path }) => method === 'POST' && path === '/tour/tamper')
      return at === -1 ? [] : requests.slice(at, at + 2)
    },
    look: 'The first answer set your cookie to the changed ticket, as you could have done in the developer tools. With it, the next request found nothing: you are logged out, and no record was made under the name that it asked for.',
    why: 'A server that takes any ID it is shown, and makes a session for it, lets others choose your ID for you: session fixation. This one opens only what it has issued. Guessing is hopeless too: a ticket has 384 random bits.',
    lines: [
      {
        does: 'What is not a ticket of ours opens nothing',
        path: 'src/core/opening.ts',
        first: 'const ticket = parseTicket(values[0]!)',
        last: "reject('unknown', id)",
      },
    ],
    elsewhere: {
      curl: 'sed -i -E "s/.([^\\t]{63})$/x\\1/" jar   # the first of the 64 characters\ncurl -si -b jar URL/dashboard | head -1   # 303: to the login',
      typescript: 'const session = await sessions.open(c)\nsession.userId   // undefined\nsession.isStored // false',
      php: "ini_set('session.use_strict_mode', '1');   // off by default before PHP 8.6\nsession_start();   // a new ID in place of the unknown one",
    },
  },
  {
    title: 'Make yourself an administrator',
    sentence: 'The same shop twice: one keeps your role in a cookie, the other in a session.',
    question: 'You write `admin` where your role is kept. Which shop believes you?',
    guesses: ['The one with the cookie', 'Both'],
    right: 0,
    actions: [{ label: 'Go to the two shops', goesTo: '/compare#role' }],
    evidence: (requests) =>
      requests
        .filter(
          ({ path, cookies }) =>
            path === '/compare' && cookies.some((pair) => pair.startsWith(`${shopCookies.role}=adm`)),
        )
        .slice(-1),
    look: 'Your browser sends `plain-role=admi…`, and the shop on the left has nothing else to go by. The shop on the right was sent a ticket, which says nothing about roles.',
    why: 'What is stored in a browser is written by the browser’s owner. What is stored in a record is written by the server alone, and the only thing to edit is a ticket, which then opens nothing.',
    lines: [
      {
        does: 'The whole of what the browser is given',
        path: 'src/core/creation.ts',
        first: 'export function sendTicket(',
        last: 'state.setCookie = ',
      },
    ],
    elsewhere: {
      curl: "curl -s -b 'plain-customer=you; plain-role=admin' URL/compare | grep 'Staff room'   # on the left",
      typescript:
        "const { data } = await sessions.open(c)\nif (data.role !== 'admin') return c.text('Not for you', 403)",
      php: "session_start();\nif ($_SESSION['role'] !== 'admin') { http_response_code(403); exit; }",
    },
  },
  {
    title: 'A stolen ticket',
    sentence: 'Whoever has a copy of your ticket is you, for as long as the session lives.',
    question: 'You notice it, and log out in your own browser. Is the thief still in?',
    guesses: ['Yes, the copy goes on working', 'No, it opens nothing any more'],
    right: 1,
    actions: [
      { label: 'Steal one in the attack lab', goesTo: '/lab/theft' },
      { label: 'End a session from your devices', goesTo: '/devices' },
    ],
    evidence: (requests) =>
      requests.filter(({ method, path }) => method === 'POST' && /^\/(lab\/theft\/on|devices)\//.test(path)).slice(-4),
    look: 'Whichever way it was ended, the record was deleted on the server. A copy of the ticket then finds nothing, in whatever browser it is.',
    why: 'A signed cookie that holds the login itself can’t be taken back: every copy stays good until it expires. A record can be deleted, by its owner, from another device, or by an administrator.',
    lines: [
      {
        does: 'Ending one of a user’s sessions, by its public name',
        path: 'src/core/users.ts',
        first: 'async revoke(handle: string)',
        last: 'return true',
      },
    ],
    elsewhere: {
      curl: 'cp jar stolen\ncurl -s -b jar -H "Origin: URL" -X POST URL/logout\ncurl -si -b stolen URL/dashboard | head -1   # 303: to the login',
      typescript: "const mine = sessions.ofUser('alice')\nawait mine.revokeAll({ except: session })",
      php: '// PHP keeps no list of a user’s sessions.\nsession_destroy();   // this one only; the cookie stays',
    },
  },
  {
    title: 'Log out, and press Back',
    sentence: 'Logging out deletes the record; but browsers keep pages, and Back brings them out again.',
    question: 'On the dashboard, you log out and press Back. What do you see?',
    guesses: ['The dashboard, from the browser’s memory', 'The login page'],
    right: 1,
    hurdle: mustLogIn,
    actions: [{ label: 'Go to the dashboard, log out there, press Back', goesTo: '/dashboard' }],
    evidence(requests) {
      const at = requests.findLastIndex(({ method, path }) => method === 'POST' && path === '/logout')
      const back = requests.slice(at + 1).filter(isDashboard)
      return at === -1 || back.length === 0 ? [] : [requests[at]!, back[0]!]
    },
    look: 'The logout deleted the record and the cookie. After it, your browser asked for the dashboard once more, by itself, and was sent to the login.',
    why: '`Cache-Control: no-store` does not stop browsers from bringing a whole page back as it was. Two lines of script on every page of this demo ask the server again. Without JavaScript the page of before can be seen once more; the session is over all the same.',
    lines: [
      {
        does: 'A page that is brought back asks again',
        path: 'demo/assets/app.js',
        first: "addEventListener('pageshow'",
        last: '})',
      },
    ],
    elsewhere: {
      curl: 'curl -si -b jar -H "Origin: URL" -X POST URL/logout | grep -i set-cookie',
      typescript: 'const session = await sessions.open(c)\nsession.destroy()',
      php: "session_start();\n$_SESSION = [];\nsetcookie(session_name(), '', 1, '/');\nsession_destroy();",
    },
  },
]

/** The last login of this browser, and the first look at the dashboard after it. */
export function lastLogin(requests: readonly LoggedRequest[]): readonly LoggedRequest[] {
  const at = requests.findLastIndex(
    ({ method, path, answer }) => method === 'POST' && path === '/login' && answer?.status === 303,
  )
  return at === -1
    ? []
    : [
        requests[at]!,
        ...requests
          .slice(at + 1)
          .filter(isDashboard)
          .slice(0, 1),
      ]
}

function isDashboard({ method, path }: LoggedRequest): boolean {
  return method === 'GET' && path === '/dashboard'
}

function lastOf(
  requests: readonly LoggedRequest[],
  isIt: (request: LoggedRequest) => boolean,
): readonly LoggedRequest[] {
  const last = requests.findLast(isIt)
  return last ? [last] : []
}
