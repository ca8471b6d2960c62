<?php
// application/application.ts in PHP, on ext/session as the manual's page on session security sets it up.
ini_set('session.use_strict_mode', '1');
ini_set('session.use_only_cookies', '1');
ini_set('session.cookie_httponly', '1');
ini_set('session.cookie_secure', '1');
ini_set('session.cookie_samesite', 'Lax');
ini_set('session.save_path', getenv('SESSIONS'));
ini_set('display_errors', '0');

$fault = json_decode(@file_get_contents(getenv('FAULT')) ?: 'null', true);
if ($fault) {
    class BrokenHandler extends SessionHandler
    {
        private function before(string $operation): void
        {
            global $fault;
            if (($fault['operation'] ?? $operation) !== $operation) return;
            if ($fault['kind'] === 'delay') usleep($fault['delayMs'] * 1000);
            elseif ($fault['kind'] === 'fail') throw new Exception('the store failed, as the comparison asked it to');
            else sleep(600);
        }

        public function read(string $id): string|false
        {
            $this->before('read');
            return parent::read($id);
        }

        public function write(string $id, string $data): bool
        {
            $this->before('write');
            return parent::write($id, $data);
        }

        public function destroy(string $id): bool
        {
            $this->before('destroy');
            return parent::destroy($id);
        }
    }
    session_set_save_handler(new BrokenHandler(), true);
}

function sample(string $kind): mixed
{
    switch ($kind) {
        case 'Date':
            return new DateTimeImmutable('1970-01-02');
        case 'Map':
            return ['hat' => 2];
        case 'Set':
            $set = new SplObjectStorage();
            $set->attach(new ArrayObject(['hat']));
            return $set;
        case 'Uint8Array':
            return "\x00\xff\x0a";
        case 'undefined':
            return ['present' => null];
        case 'NaN':
            return [NAN, INF];
        case 'cycle':
            $ring = new stdClass();
            $ring->self = $ring;
            return $ring;
    }
    return null;
}

function answer(array $body, int $status = 200): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode((object) $body);
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$work = fn() => usleep((int) ($_GET['wait'] ?? 0) * 1000);

session_start();
switch ($_SERVER['REQUEST_METHOD'] . ' ' . $path) {
    case 'GET /read':
        $values = [];
        foreach (explode(',', $_GET['keys'] ?? '') as $key) $values[$key] = $_SESSION[$key] ?? null;
        $work();
        return answer(['user' => $_SESSION['user'] ?? null, 'values' => $values]);
    case 'GET /write':
    case 'POST /write':
        $work();
        $_SESSION[$_GET['key']] = $_GET['value'];
        return answer([]);
    case 'GET /increment':
    case 'POST /increment':
        $n = $_SESSION['n'] ?? 0;
        $work();
        $_SESSION['n'] = $n + 1;
        return answer(['n' => $n + 1]);
    case 'POST /push':
        if (isset($_SESSION['cart'])) $_SESSION['cart']['items'][] = 'hat';
        else $_SESSION['cart'] = ['items' => []];
        return answer([]);
    case 'POST /sample':
        $_SESSION['sample'] = sample($_GET['kind']);
        return answer([]);
    case 'GET /sample':
        $isSame = serialize($_SESSION['sample'] ?? 'nothing') === serialize(sample($_GET['kind']));
        return answer(['isSame' => $isSame]);
    case 'POST /sign-in':
        session_regenerate_id(true);
        $_SESSION['user'] = $_GET['user'];
        return answer([]);
    case 'POST /sign-out':
        // The manual's example: the data, the cookie, then the session.
        $_SESSION = [];
        $cookie = session_get_cookie_params();
        setcookie(session_name(), '', ['expires' => 1, 'path' => $cookie['path'], 'secure' => true, 'httponly' => true]);
        session_destroy();
        return answer([]);
    case 'POST /rotate':
        session_regenerate_id(true);
        return answer([]);
    case 'POST /redirect':
        $_SESSION[$_GET['key']] = $_GET['value'];
        if (isset($_GET['save'])) session_write_close();
        header("Location: /read?keys={$_GET['key']}");
        return answer([], 303);
}
answer([], 404);
