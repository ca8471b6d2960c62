import { createHash } from 'node:crypto'
import { verify } from '@node-rs/argon2'
import type { FewAtATime } from './few-at-a-time.ts'

export interface Account {
  user_id: number
  username: string
}

/**
 * The demo's passwords, as a real server keeps them: argon2id, 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat
 * Sheet), each with its own salt. The plain words are printed on the login page.
 */
const hashes = {
  secret: '$argon2id$v=19$m=19456,t=2,p=1$+x4cJutCCUtoEe8Tl2IaEQ$1V03XpnZxmp+pIPYVlp9waAOZYOotWZCElRf14eeh+Y',
  password: '$argon2id$v=19$m=19456,t=2,p=1$Sq9gXIgsJNYsERuMeqeBQw$mu5DU61IzY05P75rFiYydB5+cK2HMKu9vPUu7BgbZVE',
}

/** Longer ones are wrong without a look at them. */
const maxPasswordLength = 256

/**
 * The account, or undefined when the password is wrong. `admin` has the password "secret"; anyone, admin too, has "password".
 * A wrong password for admin costs two hashes instead of one, which tells nobody anything: the name is printed on the page.
 * Throws `TooBusy` when too many are waiting for their hash.
 */
export async function authenticate(
  { username, password, origin }: { username: string; password: string; origin: string },
  hashing: FewAtATime,
): Promise<Account | undefined> {
  if (password.length > maxPasswordLength) return undefined
  const accepted = username === 'admin' ? [hashes.secret, hashes.password] : [hashes.password]
  for (const hash of accepted) {
    if (await hashing.run(origin, () => verify(hash, password))) return { user_id: userIdOf(username), username }
  }
  return undefined
}

/** The same name has the same number for ever, after a restart too, without a table to keep. Alice is 1, as in the diagram. */
function userIdOf(username: string): number {
  if (username === 'alice') return 1
  if (username === 'admin') return 2
  return 1000 + createHash('sha256').update(username).digest().readUIntBE(0, 6)
}

/** What the form may ask for, as a sentence for the visitor; undefined when the name is fine. */
export function whatIsWrongWith(username: string): string | undefined {
  if (username === '') return 'Enter a username.'
  if ([...username].length > 64) return 'A username has at most 64 characters.'
  // Control characters and halves of surrogate pairs: nobody's name, and no good in a log.
  if (/[\p{Cc}\p{Cs}]/u.test(username)) return 'A username has no control characters.'
  return undefined
}
