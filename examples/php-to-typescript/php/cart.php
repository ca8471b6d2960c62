<?php
session_start();
if ($_SERVER['REQUEST_METHOD'] === 'POST') $_SESSION['cart'][] = $_POST['item'] ?? 'hat';
echo 'In the cart: ', htmlspecialchars(implode(', ', $_SESSION['cart'] ?? []));
