import { seedFunctions } from '../../seed-functions.ts'
import { functionGroups } from '../index.ts'

/** What a script reports at its end, as JSON. */
export interface PhpReport {
  version: string
  /** In PHP's notation, by var_export; null where the call has no value. */
  returned: string | null
  /** What was thrown, as `ValueError: …`. */
  thrown: string | null
  /** Its warnings and notices. */
  said: string[]
  name: string
  id: string
}

/** A form's fields as data; on the command line PHP leaves reading the cookies to us. */
const opening = `<?php
error_reporting(E_ALL);
$said = [];
set_error_handler(function (int $level, string $text) use (&$said): bool {
  $said[] = $text;
  return true;
});
parse_str((string) file_get_contents(PHP_SAPI === 'cli' ? 'php://stdin' : 'php://input'), $form);
$key = (string) ($form['key'] ?? '');
$value = (string) ($form['value'] ?? '');
if (PHP_SAPI === 'cli') {
  foreach (explode('; ', (string) getenv('HTTP_COOKIE')) as $pair) {
    if (strpos($pair, '=')) $_COOKIE[strstr($pair, '=', true)] = urldecode(substr(strstr($pair, '='), 1));
  }
}
$returned = $none = new stdClass;
$thrown = null;
try {
`

const closing = `
} catch (Throwable $error) {
  $thrown = get_class($error) . ': ' . $error->getMessage();
}
echo json_encode([
  'version' => PHP_VERSION,
  'returned' => $returned === $none ? null : var_export($returned, true),
  'thrown' => $thrown,
  'said' => $said,
  'name' => session_name(),
  'id' => session_id(),
], JSON_INVALID_UTF8_SUBSTITUTE);
`

/** One script for each row, by its name: made of this program's own text, and of nothing that a visitor has sent. */
export const phpScripts: ReadonlyMap<string, string> = new Map([
  ...seedFunctions.map(({ name, phpScript }) => [name, scriptOf(phpScript)] as const),
  ...functionGroups.flatMap(({ functions }) => functions.map(({ name, php }) => [name, scriptOf(php)] as const)),
])

/** The last line's value is what the script reports, unless it is a statement, which has none. */
export function scriptOf(php: string): string {
  const lines = php.split('\n')
  const last = lines.pop() ?? ''
  const isStatement = last.startsWith('unset(') || last.includes(' = ')
  return [opening, ...lines.map((line) => `${line}\n`), isStatement ? last : `$returned = ${last}`, closing].join('')
}
