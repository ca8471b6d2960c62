import { dollarQuoted, type QuotedNames } from './names.ts'

/**
 * What takes more than one statement, in one round trip. Under `read committed`, each statement of a function sees all that
 * was committed before it began: a refused write shows what is there now, and whoever waited for a lock sees what the one
 * before has done.
 */
export function functions(names: QuotedNames): readonly string[] {
  return [unlock(names), lock(names), write(names), remove(names), removeOfUser(names)]
}

/** The columns of a record, in the order of `recordColumns`. */
const record =
  'id bytea, version text, expires_at bigint, last_seen_at bigint, opened_at bigint, user_id bytea, body bytea'
export const recordColumns = 's.id, s.version, s.expires_at, s.last_seen_at, s.opened_at, s.user_id, s.body'
const intoRecord = 'into id, version, expires_at, last_seen_at, opened_at, user_id, body'

/** What was acknowledged is to be kept, also where the role's other transactions don't wait for the disk. */
const commitKept = `if p_is_kept and current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;`

/** Everyone who joins or leaves the queue of a session does so one after the other. */
const inTurn = `perform pg_advisory_xact_lock(hashtextextended(encode(p_id, 'hex'), 0));`

/** Gives up a place in the queue, and says who is first then. Nobody, where nothing was given up. */
function unlock({ unlock, locks }: QuotedNames): string {
  return functionOf(
    `${unlock}(p_id bytea, p_token uuid) returns uuid`,
    `declare
  v_next uuid;
begin
  ${inTurn}
  delete from ${locks} l where l.id = p_id and l.token = p_token;
  if found then
    select l.token into v_next from ${locks} l where l.id = p_id order by l.place limit 1;
  end if;
  return v_next;
end`,
  )
}

/** Takes a place in the queue, or keeps it, and says how many are before it; with none, the record as it is now. */
function lock({ lock, unlock, locks, sessions }: QuotedNames): string {
  return functionOf(
    `${lock}(p_id bytea, p_token uuid, p_lease_ms float8, p_wait_ms float8, p_now bigint)
  returns table (outcome text, next uuid, ahead bigint, free_in_ms float8, ${record})`,
    `#variable_conflict use_column
declare
  v_time timestamptz;
  v_place bigint;
  v_free_at timestamptz;
begin
  ${inTurn}
  v_time := clock_timestamp();
  if not exists (select from ${sessions} s where s.id = p_id and s.expires_at > p_now) then
    next := ${unlock}(p_id, p_token);
    outcome := 'absent';
    return next;
    return;
  end if;
  delete from ${locks} l where l.id = p_id and l.until <= v_time and l.token <> p_token;
  select l.place into v_place from ${locks} l where l.id = p_id and l.token = p_token;
  select count(*), min(l.until) into ahead, v_free_at from ${locks} l where l.id = p_id and (v_place is null or l.place < v_place);
  if v_place is null then
    insert into ${locks} (id, token, until) values (p_id, p_token, v_time) returning place into v_place;
  end if;
  update ${locks} l
  set until = v_time + case ahead when 0 then p_lease_ms else p_wait_ms end * interval '1 millisecond'
  where l.id = p_id and l.place = v_place;
  if ahead > 0 then
    outcome := 'waits';
    free_in_ms := extract(epoch from v_free_at - v_time) * 1000;
  else
    outcome := 'held';
    select ${recordColumns} ${intoRecord} from ${sessions} s where s.id = p_id and s.expires_at > p_now;
    if not found then
      -- Deleted since the look above: a delete takes no turn.
      next := ${unlock}(p_id, p_token);
      outcome := 'absent';
    end if;
  end if;
  return next;
end`,
  )
}

/**
 * Compare-and-set. A sign-in shares its user's advisory lock with other sign-ins, and `deleteByUser` holds it alone: it
 * sees the sign-ins that came first, and those that come later see its `not_before`.
 */
function write({ write, unlock, sessions, users }: QuotedNames): string {
  const update = `update ${sessions} s set version = p_version, expires_at = p_expires_at, last_seen_at = p_last_seen_at,
      due_at = least(s.due_at, p_expires_at), opened_at = p_opened_at, user_id = p_user_id, body = p_body
    where s.id = p_id and s.version = p_expected and s.expires_at > p_now`
  return functionOf(
    `${write}(p_id bytea, p_version text, p_expires_at bigint, p_last_seen_at bigint, p_opened_at bigint, p_user_id bytea,
  p_body bytea, p_expected text, p_now bigint, p_unlock uuid, p_is_kept boolean)
  returns table (outcome text, next uuid, ${record})`,
    `#variable_conflict use_column
declare
  v_is_done boolean := false;
  v_is_revoked boolean := false;
begin
  ${commitKept}
  if p_expected is not null then
    ${update} and s.user_id is not distinct from p_user_id;
    v_is_done := found;
  end if;
  if not v_is_done and p_user_id is not null
    and not exists (select from ${sessions} s where s.id = p_id and s.user_id = p_user_id and s.expires_at > p_now)
  then
    perform pg_advisory_xact_lock_shared(hashtextextended(encode(p_user_id, 'hex'), 1));
    v_is_revoked := exists (
      select from ${users} u where u.user_id = p_user_id and u.not_before > coalesce(p_opened_at, 0)
    );
  end if;
  if v_is_done or v_is_revoked then
    -- There is nothing to try.
  elsif p_expected is not null then
    ${update};
    v_is_done := found;
  else
    insert into ${sessions} as s (id, version, expires_at, last_seen_at, due_at, opened_at, user_id, body)
    values (p_id, p_version, p_expires_at, p_last_seen_at, p_expires_at, p_opened_at, p_user_id, p_body)
    on conflict (id) do update set version = p_version, expires_at = p_expires_at, last_seen_at = p_last_seen_at,
      due_at = p_expires_at, opened_at = p_opened_at, user_id = p_user_id, body = p_body
    where s.expires_at <= p_now;
    v_is_done := found;
  end if;
  if not v_is_done then
    select ${recordColumns} ${intoRecord} from ${sessions} s where s.id = p_id and s.expires_at > p_now;
  end if;
  outcome := case
    when v_is_done or version = p_version then 'ok'
    when v_is_revoked and version is not distinct from p_expected then 'revoked'
    else 'refused'
  end;
  if outcome = 'ok' and p_unlock is not null then
    next := ${unlock}(p_id, p_unlock);
  end if;
  return next;
end`,
  )
}

function remove({ remove, sessions }: QuotedNames): string {
  return functionOf(
    `${remove}(p_id bytea, p_is_kept boolean) returns boolean`,
    `begin
  ${commitKept}
  delete from ${sessions} s where s.id = p_id;
  return found;
end`,
  )
}

function removeOfUser({ removeOfUser, sessions, users }: QuotedNames): string {
  return functionOf(
    `${removeOfUser}(p_user_id bytea, p_except bytea, p_not_before bigint, p_now bigint, p_is_kept boolean)
  returns table (id bytea, was_live boolean)`,
    `#variable_conflict use_column
begin
  ${commitKept}
  perform pg_advisory_xact_lock(hashtextextended(encode(p_user_id, 'hex'), 1));
  insert into ${users} as u (user_id, not_before) values (p_user_id, p_not_before)
  on conflict (user_id) do update set not_before = p_not_before where u.not_before < p_not_before;
  return query delete from ${sessions} s where s.user_id = p_user_id and s.id is distinct from p_except
    returning s.id, s.expires_at > p_now;
end`,
  )
}

function functionOf(signature: string, body: string): string {
  return `create or replace function ${signature} language plpgsql as ${dollarQuoted(body)};\n`
}
