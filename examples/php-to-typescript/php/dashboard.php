<?php
session_start();
if (!isset($_SESSION['user'])) {
    header('Location: /login', true, 303);
    exit;
}
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
echo 'Hello, ', htmlspecialchars($_SESSION['user']), ': ', htmlspecialchars(implode(', ', $_SESSION['cart'] ?? []));
