<?php
// What real applications put into sessions, and what they should not have.

class User {
  public $name;
  protected $mail = 'ada@example.com';
  private $secret;
  public int $never;
  public function __construct($name = null, $secret = null) { $this->name = $name; $this->secret = $secret; }
}
#[AllowDynamicProperties]
class Admin extends User {
  private $secret = 'of the child';
  protected ?array $rights = null;
  public function give($rights) { $this->rights = $rights; return $this; }
}
final class Money {
  public function __construct(private int $cents, private array $more = []) {}
  public function __serialize(): array { return [$this->cents, 'more' => $this->more, 7 => null]; }
  public function __unserialize(array $data): void { [$this->cents, $this->more] = [$data[0], $data['more']]; }
}
class Sleeper {
  public $a; protected $b; private $unstored = 5;
  public function __construct($a = null, $b = null) { $this->a = $a; $this->b = $b; }
  public function __sleep() { return ['a', 'b']; }
}
class Old implements Serializable {
  public $data;
  public function __construct($data = null) { $this->data = $data; }
  public function serialize() { return serialize($this->data); }
  public function unserialize($text) { $this->data = unserialize($text); }
}
class OldRaw implements Serializable {
  public $data;
  public function __construct($data = null) { $this->data = $data; }
  public function serialize() { return "raw:$this->data"; }
  public function unserialize($text) { $this->data = substr($text, 4); }
}

function random_session(int $seed, string $format): array {
  mt_srand($seed);
  $pool = ['objects' => [], 'references' => []];
  $session = [];
  $hand = $seed <= count(by_hand()) ? by_hand()[$seed - 1] : null;
  if ($hand !== null) {
    foreach ($hand as $name => &$value) {
      if ($format !== 'php_serialize' && is_int($name)) $session["n$name"] = &$value;
      else $session[$name] = &$value;
    }
    return $session;
  }
  for ($count = mt_rand(1, 6); $count > 0; $count--) put($session, random_name($format), $pool, 0);
  return $session;
}

/** Sessions that somebody thought of. */
function by_hand(): array {
  $object = new stdClass; $object->self = $object;
  $shared = 'shared'; $list = [1]; $list[] = &$list;
  $floats = [
    0.1, 1.0, -0.0, 1e15, 1e17, 1e25, 123456789012345678.0, 0.0001, 0.00001, 1.5e-10, 5e-324, INF, -INF, NAN, 1 / 3,
    1e22, -2.5, PHP_FLOAT_MAX, 9007199254740993.0,
  ];
  $ints = [
    0, -1, PHP_INT_MAX, PHP_INT_MIN, 9007199254740991, 9007199254740992, -9007199254740991, -9007199254740993,
    2147483648, -2147483648,
  ];
  $deep = []; for ($i = 0; $i < 4090; $i++) $deep = [$deep];
  $old = new Old([$object, 'x' => new User('in', 'old')]);
  return [
    ['floats' => $floats, 'ints' => $ints],
    ['keys' => [
      7 => 'a', 3 => 'b', 'c' => 'd', '05' => 'e', '-0' => 'f', -5 => 'g', '' => 'h', PHP_INT_MAX => 'i',
      PHP_INT_MIN => 'j', '9223372036854775808' => 'k', "\xff" => 'l', "\0*\0x" => 'm', '__proto__' => 'n',
      'constructor' => [],
    ]],
    ['lists' => [[], [[]], [0 => 1, 2 => 2], [1 => 0, 0 => 1], ['a' => 1, 0 => 2], [0 => 'a', '1' => 'b', '2' => 'c']]],
    ['strings' => [
      '', 'ä€😀', "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "nul\0nul", '";}i:1;', "\xef\xbb\xbfbom",
      str_repeat('long ', 100), str_repeat('längë', 100), "\xff" . str_repeat('x', 99),
    ]],
    ['object' => $object, 'again' => $object, 'copy' => [$object, [$object]]],
    ['a' => &$shared, 'b' => &$shared, 'c' => [1, 2, 3, &$shared], 'list' => &$list],
    ['plain' => $object, 'one' => &$object, 'two' => &$object, 'four' => [&$object]],
    ['user' => new User('Ada', [new User]), 'admin' => (new Admin('Bob', 1.0))->give(['all' => true])],
    ['money' => new Money(5, [new Money(6)]), 'sleeper' => new Sleeper(1, [2.0])],
    ['h' => Suit::Hearts, 's' => [Suit::Spades, Suit::Hearts, Level::Low, Level::Högh, Level::Low]],
    [
      'old' => $old, 'raw' => new OldRaw('not serialized }{'), 'after' => $object, 'old2' => $old,
      'old3' => new Old($object), 'last' => &$object, 'very' => &$object,
    ],
    [
      'array object' => new ArrayObject([1, 'k' => new User]),
      'date' => new DateTimeImmutable('2026-11-24 04:00:00 Europe/Berlin'),
      'storage' => new SplObjectStorage,
      'iterator' => new ArrayIterator([$object]),
    ],
    ['deep' => $deep],
    [],
    [0 => 'zero', 1 => 'one'],
    [5 => 'five', 'x' => 1],
    ['' => 1, '!x' => 2, "\0" => 3, "n\xc3\xa4me" => 4, "\xfe" => 5, str_repeat('n', 127) => 6],
    ['numeric' => (object) ['5' => 1, 'a' => 2, '' => 3]],
    ['raw number' => new OldRaw(5), 'then' => [$object, $object]],
  ];
}

function random_name(string $format): string|int {
  $names = [
    'user', 'cart', 'csrf', 'last_seen', 'flash', 'a', 'b', 'é', "\xff\xfe", '', '!x', 'with space', '__proto__',
    'n' . mt_rand(0, 99),
  ];
  if ($format === 'php_serialize') array_push($names, 0, 1, 5, -3, 'a|b', str_repeat('long', 40));
  return $names[array_rand_seeded($names)];
}

function put(array &$array, string|int $key, array &$pool, int $depth): void {
  $kind = mt_rand(0, 19);
  if ($kind === 0) {
    $value = random_value($pool, $depth);
    $pool['references'][] = &$value;
    $array[$key] = &$value;
  } elseif ($kind === 1 && $pool['references']) $array[$key] = &$pool['references'][array_rand_seeded($pool['references'])];
  else $array[$key] = random_value($pool, $depth);
}

function random_value(array &$pool, int $depth): mixed {
  $kind = mt_rand(0, $depth > 4 ? 8 : 16);
  switch ($kind) {
    case 0: return null;
    case 1: return mt_rand(0, 1) === 1;
    case 2: return mt_rand(-100, 100);
    case 3: return [PHP_INT_MAX, PHP_INT_MIN, mt_rand(), -mt_rand() * mt_rand(), 1 << mt_rand(0, 63), 0][mt_rand(0, 5)];
    case 4:
      $any = unpack('d', pack('l2', mt_rand() * 2, mt_rand() * 2))[1];
      return [mt_rand() / 1000, (float) mt_rand(-9, 9), $any, 10.0 ** mt_rand(-30, 30), -0.0, INF][mt_rand(0, 5)];
    case 5: case 6: return random_text();
    case 7: return [Suit::Hearts, Suit::Spades, Level::Low, Level::Högh][mt_rand(0, 3)];
    case 8: return $pool['objects'] ? $pool['objects'][array_rand_seeded($pool['objects'])] : [];
    case 9: case 10: return random_array($pool, $depth, true);
    case 11: case 12: case 13: return random_array($pool, $depth, false);
    default: return random_object($pool, $depth);
  }
}

function random_text(): string {
  $parts = [
    '', 'a', 'Ada Lovelace', 'ä', '€', '😀', "\xff", "\0", '"', ';', '}', '|', 'i:1;', 'R:1;', "\n",
    str_repeat('xyz', 20), 'O:8:"stdClass":0:{}',
  ];
  $text = '';
  for ($count = mt_rand(0, 4); $count > 0; $count--) $text .= $parts[array_rand_seeded($parts)];
  return $text;
}

function random_array(array &$pool, int $depth, bool $list): array {
  $array = [];
  $keys = ['a', 'b', 'id', 'name', 'ä', '', '5', '05', '-1', 0, 1, 2, 7, -9, "\xfe", '__proto__', 9007199254740993, '0'];
  for ($count = mt_rand(0, 4), $i = 0; $i < $count; $i++) {
    put($array, $list ? $i : $keys[array_rand_seeded($keys)], $pool, $depth + 1);
  }
  return $array;
}

function random_object(array &$pool, int $depth): object {
  $value = fn () => random_value($pool, $depth + 1);
  switch (mt_rand(0, 8)) {
    case 0: $object = new User($value(), $value()); break;
    case 1: $object = (new Admin($value(), $value()))->give([$value()]); $object->{'dynamic'} = $value(); break;
    case 2: $object = new Money(mt_rand(), [$value()]); break;
    case 3: $object = new Sleeper($value(), $value()); break;
    case 4: $object = new Old($value()); break;
    case 5: $object = new OldRaw(random_text()); break;
    case 6: $object = new ArrayObject([$value(), 'k' => $value()]); break;
    default:
      $object = new stdClass;
      $pool['objects'][] = $object;
      $properties = [];
      foreach (['a', 'b', '7'] as $name) if (mt_rand(0, 1)) put($properties, $name, $pool, $depth + 1);
      foreach ($properties as $name => &$property) {
        if (ReflectionReference::fromArrayElement($properties, $name)) $object->{$name} = &$property;
        else $object->{$name} = $property;
      }
  }
  $pool['objects'][] = $object;
  return $object;
}

function array_rand_seeded(array $array): int {
  return mt_rand(0, count($array) - 1);
}
