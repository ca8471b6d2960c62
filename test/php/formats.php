<?php
// Real PHP, for formats.test.ts. On the standard input, a request a line as JSON; on the output, an answer a line:
//   { "write": seed, "format": … }       stores a random session in a file; answers its bytes and what is in it
//   { "read": base64, "format": … }      decodes; answers whether PHP accepts it, what is in it, and how PHP writes it again
// Usage: php formats.php <folder for session files> [classes]. Without "classes" only the enums are declared.

error_reporting(0);
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.gc_probability', '0');
ini_set('memory_limit', '512M');
session_save_path($argv[1]);

enum Suit: string { case Hearts = 'H'; case Spades = 'S'; }
enum Level { case Low; case Högh; }
if (($argv[2] ?? '') === 'classes') require __DIR__ . '/formats-classes.php';

while (($line = fgets(STDIN)) !== false) {
  $request = json_decode($line, true);
  ini_set('session.serialize_handler', $request['format']);
  $answer = isset($request['write']) ? write_session($request) : read_session($request);
  fwrite(STDOUT, json_encode($answer, JSON_THROW_ON_ERROR, 1 << 15) . "\n");
}

function write_session(array $request): array {
  $id = "{$request['format']}-{$request['write']}";
  $id = str_replace('_', '-', $id);
  start($id);
  $_SESSION = random_session($request['write'], $request['format']);
  session_write_close();
  $bytes = file_get_contents(session_save_path() . "/sess_$id");
  // What PHP itself reads back: a reference to an object makes references of all its places.
  start($id);
  $answer = ['bytes' => base64_encode($bytes), 'session' => describe_session($_SESSION)];
  session_abort();
  return $answer;
}

function read_session(array $request): array {
  start('read');
  try {
    $accepted = session_decode(base64_decode($request['read']));
  } catch (Throwable) {
    $accepted = false;
  }
  $answer = ['accepted' => $accepted];
  if ($accepted && is_array($_SESSION)) {
    $answer['session'] = describe_session($_SESSION);
    $answer['bytes'] = base64_encode((string) session_encode());
  }
  if (session_status() === PHP_SESSION_ACTIVE) session_abort();
  return $answer;
}

function start(string $id): void {
  session_id($id);
  session_start();
}

function describe_session(array $session): array {
  $seen = [];
  return describe_entries($session, $seen, 0);
}

function describe_entries(array $array, array &$seen, int $depth): array {
  if ($depth > 60) return ['deep'];
  $entries = [];
  foreach ($array as $key => $value) {
    $reference = ReflectionReference::fromArrayElement($array, $key)?->getId();
    $described = is_int($key) ? "i$key" : 's' . base64_encode($key);
    $entries[] = [$described, describe($value, $seen, $depth + 1, $reference)];
  }
  return $entries;
}

function describe(mixed $value, array &$seen, int $depth, ?string $reference = null): array {
  if ($reference !== null) {
    if (isset($seen[$reference])) return ['reference', $seen[$reference]];
    $seen[$reference] = count($seen) + 1;
    return ['reference', $seen[$reference], describe($value, $seen, $depth)];
  }
  if ($value instanceof UnitEnum) return ['enum', base64_encode($value::class), base64_encode($value->name)];
  if (is_object($value)) {
    $id = 'object ' . spl_object_id($value);
    if (isset($seen[$id])) return ['object', $seen[$id]];
    $seen[$id] = count($seen) + 1;
    return ['object', $seen[$id], ...describe_object($value, $seen, $depth)];
  }
  return match (true) {
    is_null($value) => ['null'],
    is_bool($value) => ['bool', $value],
    is_int($value) => ['int', (string) $value],
    is_float($value) => ['float', is_nan($value) ? 'nan' : bin2hex(pack('E', $value))],
    is_string($value) => ['string', base64_encode($value)],
    default => ['array', describe_entries($value, $seen, $depth)],
  };
}

function describe_object(object $value, array &$seen, int $depth): array {
  $class = $value::class;
  if ($value instanceof Serializable && !method_exists($value, '__serialize')) {
    return [base64_encode($class), describe($value->data, $seen, $depth + 1)];
  }
  if ($value instanceof __PHP_Incomplete_Class) {
    $properties = get_mangled_object_vars($value);
    $class = $properties['__PHP_Incomplete_Class_Name'];
    unset($properties['__PHP_Incomplete_Class_Name']);
    return [base64_encode($class), describe_entries($properties, $seen, $depth)];
  }
  $properties = method_exists($value, '__serialize') ? $value->__serialize() : get_mangled_object_vars($value);
  unset($properties["\0Sleeper\0unstored"]);
  return [base64_encode($class), describe_entries($properties, $seen, $depth)];
}
