<?php
// Drives a server through phpredis: client.php HOST PORT. Any difference ends it with an error.
function check($got, $want) {
	if ($got !== $want) {
		fwrite(STDERR, "got " . var_export($got, true) . ", want " . var_export($want, true) . "\n" . (new Exception)->getTraceAsString() . "\n");
		exit(1);
	}
}

$r = new Redis();
check($r->connect($argv[1], (int)$argv[2]), true);
check($r->ping(), true);
check($r->flushAll(), true);
check($r->set('s', 'v', ['ex' => 100]), true);
check($r->get('s'), 'v');
check($r->ttl('s') >= 99, true);
check($r->set('s', 'w', ['nx']), false);
check($r->incrBy('n', 5), 5);
check($r->mset(['a' => '1', 'b' => '2']), true);
check($r->mget(['a', 'b', 'none']), ['1', '2', false]);
check($r->hMset('h', ['x' => '1', 'y' => '2']), true);
check($r->hGetAll('h'), ['x' => '1', 'y' => '2']);
check($r->rPush('l', 'a', 'b', 'c'), 3);
check($r->lRange('l', 0, -1), ['a', 'b', 'c']);
check($r->sAdd('t', 'a', 'b'), 2);
$members = $r->sMembers('t');
sort($members);
check($members, ['a', 'b']);
check($r->zAdd('z', 1, 'one', 2.5, 'two'), 2);
check($r->zRange('z', 0, -1, true), ['one' => 1.0, 'two' => 2.5]);
check($r->zRangeByScore('z', '-inf', '(2.5'), ['one']);
check($r->xAdd('x', '5-1', ['f' => 'v']), '5-1');
check($r->xGroup('CREATE', 'x', 'g', '0'), true);
check($r->xReadGroup('g', 'c', ['x' => '>']), ['x' => ['5-1' => ['f' => 'v']]]);
check($r->xAck('x', 'g', ['5-1']), 1);
check($r->xInfo('STREAM', 'x')['length'], 1);
check($r->geoAdd('geo', 13.361389, 38.115556, 'Palermo'), 1);
check($r->pfAdd('p', ['a', 'b']), 1);
check($r->multi()->incr('n')->get('n')->exec(), [6, '6']);
check($r->pipeline()->set('p1', '1')->get('p1')->exec(), [true, '1']);
check($r->lPush('s', 'x'), false);
check(rtrim($r->getLastError(), "\0"), 'WRONGTYPE Operation against a key holding the wrong kind of value');
$found = [];
$cursor = null;
$r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
while ($keys = $r->scan($cursor, '[hlt]', 2)) {
	$found = array_merge($found, $keys);
}
sort($found);
check($found, ['h', 'l', 't']);
check(strpos($r->info()['redis_version'], '7.'), 0);
check(array_keys($r->config('GET', 'maxmemory')), ['maxmemory']);
check($r->restore('h2', 0, $r->dump('h')), true);
check($r->hGetAll('h2'), ['x' => '1', 'y' => '2']);
check($r->set("\x00\xff", "\r\n"), true);
check($r->get("\x00\xff"), "\r\n");
check($r->select(1), true);
check($r->dbSize(), 0);
echo "ok\n";
