<?php
// Does one request's operations on real PHP, and tells what came of each. The body: { settings, operations }.
['settings' => $settings, 'operations' => $operations] = json_decode(file_get_contents('php://input'), true);
ini_set('html_errors', '0');
foreach ($settings as $name => $value) ini_set("session.$name", (string) $value);

$warnings = [];
set_error_handler(function (int $level, string $message) use (&$warnings) {
    $warnings[] = [$level === E_NOTICE ? 'notice' : 'warning', $message];
    return true;
});

function act(string $name, array $arguments): mixed
{
    [$key, $value] = $arguments + [null, null];
    switch ($name) {
        case 'set':
            $_SESSION[$key] = $value;
            return null;
        case 'delete':
            unset($_SESSION[$key]);
            return null;
        case 'push':
            if (!isset($_SESSION[$key])) $_SESSION[$key] = [];
            if (is_array($_SESSION[$key]) && array_is_list($_SESSION[$key])) $_SESSION[$key][] = $value;
            return null;
        case 'decode':
            return session_decode(base64_decode($key));
        case 'encode':
            $text = session_encode();
            return $text === false ? false : base64_encode($text);
        default:
            return "session_$name"(...$arguments);
    }
}

$results = [];
foreach ($operations as [$name, $arguments]) {
    $warnings = [];
    $result = ['value' => null];
    try {
        $result['value'] = act($name, $arguments);
    } catch (Throwable $error) {
        $result['thrown'] = [$error::class, $error->getMessage()];
    }
    $results[] = $result + [
        'warnings' => $warnings,
        'status' => session_status(),
        'id' => session_id(),
        'data' => base64_encode(serialize($_SESSION ?? [])),
    ];
}
header('Content-Type: application/json');
header('X-Changed: ' . filemtime(__FILE__));
echo json_encode($results);
