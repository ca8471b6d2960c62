<?php
// A process that does with sessions what it is told: a line of JSON for each order, and one for what came of it. Beside peer.ts.

set_error_handler(function (int $level, string $message): bool {
    global $warnings;
    $warnings[] = $message;
    return true;
});

function open(string $id): bool
{
    session_id($id);
    return session_start();
}

/** Adds one, and keeps the lock for so many microseconds. */
function add(string $id, int $times, int $hold): void
{
    for ($i = 0; $i < $times; $i++) {
        open($id);
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
        if ($hold > 0) {
            usleep($hold);
        }
        session_write_close();
    }
}

/** So many processes at once, each of which appends a P. */
function crowd(string $id, int $size, int $hold): void
{
    $children = [];
    for ($i = 0; $i < $size; $i++) {
        $child = pcntl_fork();
        if ($child === 0) {
            open($id);
            $_SESSION['order'] = ($_SESSION['order'] ?? '') . 'P';
            usleep($hold);
            session_write_close();
            exit(0);
        }
        $children[] = $child;
    }
    foreach ($children as $child) {
        pcntl_waitpid($child, $status);
    }
}

fwrite(STDOUT, "ready\n");
while (($line = fgets(STDIN)) !== false) {
    $warnings = [];
    $answer = [];
    [$order, $first, $second, $third] = json_decode($line, true) + [null, null, null, null];
    match ($order) {
        'open' => $answer['started'] = open($first),
        'set' => $_SESSION = array_merge($_SESSION, $first),
        'close' => session_write_close(),
        'destroy' => session_destroy(),
        'collect' => $answer['collected'] = session_gc(),
        'add' => add($first, $second, $third),
        'crowd' => crowd($first, $second, $third),
    };
    fwrite(STDOUT, json_encode($answer + ['data' => (object) ($_SESSION ?? []), 'warnings' => $warnings]) . "\n");
}
