import { recordColumns } from './functions.ts'
import type { QuotedNames } from './names.ts'

export const pageSize = 100

/** What the store asks, each text once. Those that begin with `select * from` a function run what `functions.ts` says. */
export interface Statements {
  readonly read: string
  readonly write: string
  readonly touch: string
  readonly remove: string
  readonly removeOfUser: string
  readonly list: string
  readonly listUser: string
  readonly removeExpired: string
  readonly forgetUsers: string
  readonly forgetLocks: string
}

export function statements(names: QuotedNames): Statements {
  const { sessions, users, locks } = names
  const page = `select ${recordColumns} from ${sessions} s where s.id > $1 and s.expires_at > $2`
  return {
    read: `select ${recordColumns} from ${sessions} s where s.id = $1 and s.expires_at > $2`,
    write: `select * from ${names.write}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    touch: `update ${sessions} s set expires_at = greatest(s.expires_at, $2), last_seen_at = greatest(s.last_seen_at, $3)
      where s.id = $1 and s.expires_at > $4 and (s.expires_at < $2 or s.last_seen_at < $3)`,
    remove: `select ${names.remove}($1, $2) as ended`,
    removeOfUser: `select encode(id, 'hex') as id, was_live from ${names.removeOfUser}($1, $2, $3, $4, $5)`,
    list: `${page} order by s.id limit ${pageSize}`,
    listUser: `${page} and s.user_id = $3 order by s.id limit ${pageSize}`,
    // What was touched since is looked at again when it would expire by now. What someone else holds, or has changed in this
    // moment, is left for the next time. A locked row keeps its `ctid`, by which it is found without the index of all ids.
    removeExpired: `with due as materialized (
        select s.ctid as place, s.expires_at from ${sessions} s where s.due_at <= $1 order by s.due_at limit $2
        for update skip locked
      ), removed as (
        delete from ${sessions} s
        where s.ctid = any(array(select due.place from due where due.expires_at <= $1 limit $3)) returning 1
      ), kept as (
        update ${sessions} s set due_at = s.expires_at
        where s.ctid = any(array(select due.place from due where due.expires_at > $1)) returning 1
      )
      select (select count(*) from due) as seen, (select count(*) from removed) as removed, (select count(*) from kept) as kept`,
    forgetUsers: `delete from ${users} where not_before < $1`,
    forgetLocks: `delete from ${locks} where until < clock_timestamp() - interval '1 minute'`,
  }
}
