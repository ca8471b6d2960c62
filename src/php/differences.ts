/** Where these sessions deliberately do otherwise than PHP 8.2, mostly because PHP would lose something. */
export type DifferenceCode =
  | 'stored-before-the-response'
  | 'undecodable-is-kept'
  | 'bad-decode-changes-nothing'
  | 'unencodable-is-refused'
  | 'failure-rejects'
  | 'old-session-ends-last'
  | 'empty-lives-on'
  | 'clean-up-is-not-waited-for'
  | 'held-for-a-time'
  | 'expired-is-not-read'
  | 'save-handler-is-given'
  | 'ids-in-cookies-only'
  | 'unusable-name-is-refused'
  | 'nothing-starts-after-the-response'
  | 'ids-are-not-told'

/** What PHP does, and what is done here instead. */
export interface DifferenceFromPhp {
  readonly inPhp: string
  readonly here: string
}

/** All of them. Whatever else differs is a fault of ours: long random runs beside real PHP look for it. */
export const differencesFromPhp: Readonly<Record<DifferenceCode, DifferenceFromPhp>> = {
  'stored-before-the-response': {
    inPhp: 'The session is stored after the response was sent; a failure is a line in a log.',
    here: 'It is stored before the first byte of the response; a failure is an answer with 409, 500 or 503.',
  },
  'undecodable-is-kept': {
    inPhp: 'A stored session that can’t be decoded is deleted by session_start().',
    here: 'session_start() returns false and publishes a warning; what is stored stays as it is.',
  },
  'bad-decode-changes-nothing': {
    inPhp: 'session_decode() of what is no session destroys the session.',
    here: 'It returns false and publishes a warning; the session goes on as it was.',
  },
  'unencodable-is-refused': {
    inPhp:
      'A name with | empties the session, a number for a name (format php and php_binary) or a long one (php_binary) is dropped, a closure leaves half of it.',
    here: 'Nothing is written: session_write_close(), session_regenerate_id(false) and the end of the request reject with ERR_SESSION_DATA, which names the key.',
  },
  'failure-rejects': {
    inPhp: 'A session that can’t be read or written is a warning and false; the page goes on without it.',
    here: 'session_start() and the rest reject with ERR_STORE_UNAVAILABLE, ERR_SESSION_BUSY, ERR_SESSION_CONFLICT or ERR_SESSION_GONE, and the response is that error.',
  },
  'old-session-ends-last': {
    inPhp:
      'session_regenerate_id(true) deletes the old session first, and stores the new one at the end of the request.',
    here: 'The new one is stored first: a crash in between loses nothing.',
  },
  'empty-lives-on': {
    inPhp: 'An empty session is not touched by a visit, so that it expires while it is in use.',
    here: 'It lives on like any other.',
  },
  'clean-up-is-not-waited-for': {
    inPhp: 'The visitor whose lot it is waits while expired sessions are deleted.',
    here: 'It is done beside the request.',
  },
  'held-for-a-time': {
    inPhp:
      'A request keeps its session until it ends, or is ended by max_execution_time; then what it has changed is stored.',
    here: 'A request that keeps it longer than `maxHold` loses it: nothing is stored, and the response is ERR_SESSION_CONFLICT.',
  },
  'expired-is-not-read': {
    inPhp: 'A session that has expired is read as long as nobody has deleted it.',
    here: 'It is an empty one.',
  },
  'save-handler-is-given': {
    inPhp:
      'save_path, save_handler and gc_maxlifetime can be changed by session_start(), session_save_path() and session_module_name().',
    here: 'They are the save handler’s own; session_set_save_handler() takes another one, and no callbacks. The others return false with a warning.',
  },
  'ids-in-cookies-only': {
    inPhp: 'use_only_cookies=0 and use_trans_sid=1 put ids into addresses.',
    here: 'They are refused.',
  },
  'unusable-name-is-refused': {
    inPhp: 'PHP 8.2 takes a name with one of =,;.[ or white space, and then never sends the cookie.',
    here: 'session_name() and the option `name` refuse it with that warning, as PHP 8.4 does.',
  },
  'nothing-starts-after-the-response': {
    inPhp: 'With use_cookies=0 a session can be started when the response has begun.',
    here: 'It can’t: nobody would store it.',
  },
  'ids-are-not-told': {
    inPhp: 'Where a file can’t be opened, the warning has its name, and with it the id.',
    here: 'No warning and no error has an id. One that is too long for a file’s name is refused as too long.',
  },
}
