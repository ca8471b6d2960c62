<?php
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
echo htmlspecialchars($_SESSION['user'] ?? 'somebody'), ', visit no. ', $_SESSION['visits'];
