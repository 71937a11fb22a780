<?php
// Keeps sessions of PHP in the server, with locking.
$port = $argv[1];
ini_set('session.save_handler', 'redis');
ini_set('session.save_path', "tcp://127.0.0.1:$port?database=5&prefix=SESSION:");
ini_set('redis.session.locking_enabled', '1');
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
session_id('abc123');
session_start();
$_SESSION['cart'] = ['apples' => 3];
session_write_close();
$_SESSION = [];
session_start();
if (($_SESSION['cart']['apples'] ?? 0) !== 3) {
    fwrite(STDERR, "the session is lost\n");
    exit(1);
}
$r = new Redis();
$r->connect('127.0.0.1', (int)$port);
$r->select(5);
if ($r->ttl('SESSION:abc123') <= 0 || !$r->exists('SESSION:abc123_LOCK')) {
    fwrite(STDERR, "no time to live, or no lock\n");
    exit(1);
}
session_destroy();
if ($r->exists('SESSION:abc123')) {
    fwrite(STDERR, "the session is still there\n");
    exit(1);
}
echo "php session: ok\n";
