<?php
$name = $_POST['name'] ?? '';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $hashes = json_decode(file_get_contents(__DIR__ . '/../passwords.json'), true);
    $isRight = password_verify($_POST['password'] ?? '', $hashes[$name] ?? reset($hashes));
    if ($isRight && isset($hashes[$name])) {
        session_start();
        session_regenerate_id(true);
        $_SESSION['user'] = $name;
        header('Location: /dashboard', true, 303);
        exit;
    }
    http_response_code(401);
}
?>
<form method="post">
  <input name="name" required> <input name="password" type="password" required> <button>Sign in</button>
</form>
