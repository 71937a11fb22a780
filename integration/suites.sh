#!/usr/bin/env bash
# Runs the test suites of go-redis and of miniredis against the built server, but for the tests that we expect to fail.
#
#   integration/suites.sh [go-redis | miniredis]      both by default
#
# The suites come as modules of Go and are compiled in bin/suites. What we expect to fail stands in
# integration/suites.expected, grouped by reason: lines "suite<TAB>test", where the test is a name or, after a slash, a
# regular expression.
set -euo pipefail
cd "$(dirname "$0")/.."

GO=${GO:-go}
DIR=$PWD/bin/suites
EXPECTED=$PWD/integration/suites.expected
PROGRAM=$PWD/bin/dragonfly
GO_REDIS=github.com/redis/go-redis/v9@v9.23.0
MINIREDIS=github.com/alicebob/miniredis/v2@v2.30.5
server_pid=
mkdir -p "$DIR"

# module MODULE NAME copies a module to where it can be compiled.
module() {
	local dir
	dir=$($GO mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
	rm -rf "${DIR:?}/$2"
	cp -r "$dir" "$DIR/$2"
	chmod -R u+w "$DIR/$2"
}

stop_server() {
	[ -n "$server_pid" ] || return 0
	kill "$server_pid" 2>/dev/null || true
	wait "$server_pid" 2>/dev/null || true
	server_pid=
}
trap stop_server EXIT

# run_go_redis plays what needs one server: it asks for port 6379.
run_go_redis() {
	module "$GO_REDIS" go-redis
	(cd "$DIR/go-redis" && GOWORK=off $GO test -c -o ../go-redis.test .)
	rm -rf "$DIR/data" && mkdir -p "$DIR/data"
	"$PROGRAM" --logtostderr --omit_basic_usage --bind 127.0.0.1 --port 6379 --dir "$DIR/data" --dbfilename dump.rdb >"$DIR/server.log" 2>&1 &
	server_pid=$!
	for _ in $(seq 100); do
		if [ "$(redis-cli -p 6379 ping 2>/dev/null)" = PONG ]; then break; fi
		sleep 0.1
	done
	(cd "$DIR/go-redis" && RE_CLUSTER=true REDIS_VERSION=7.2 timeout 400 ../go-redis.test -test.run TestGinkgoSuite -test.timeout 390s \
		-ginkgo.no-color -ginkgo.seed 1 -ginkgo.skip "cluster races" -ginkgo.junit-report "$DIR/go-redis.xml" \
		-ginkgo.focus-file '(^|/)(commands|acl_commands|bitmap_commands|iterator|pipeline|pubsub|tx|redis|monitor|race|error|main)_test.go') >"$DIR/go-redis.log" 2>&1 || true
	stop_server
	sed -n 's/.*<testcase name="\[It\] \([^"]*\)".* status="\([a-z]*\)".*/\2\tgo-redis\t\1/p' "$DIR/go-redis.xml" | sed 's/ \[NonRedisEnterprise[^]]*\]$//' |
		awk -F'\t' '$1 == "passed" { print "ok\t" $2 "\t" $3 } $1 == "failed" || $1 == "panicked" || $1 == "timedout" { print "err\t" $2 "\t" $3 }' >>"$DIR/results"
}

# run_miniredis compares miniredis with us: it starts "redis-server -", with its settings on the standard input.
run_miniredis() {
	module "$MINIREDIS" miniredis
	mkdir -p "$DIR/miniredis/integration/redis_src"
	cat >"$DIR/miniredis/integration/redis_src/redis-server" <<-EOF
		#!/usr/bin/env bash
		flags=() users=
		while read -r name value || [ -n "\$name" ]; do
			case \$name in
			port) flags+=(--port "\$value") ;;
			requirepass) flags+=(--requirepass "\$value") ;;
			user) users+="user \$value"\$'\n' ;;
			tls-* | cluster-enabled) echo "there is no \$name here" >&2; exit 1 ;;
			esac
		done
		if [ -n "\$users" ]; then
			file=\$(mktemp) && printf '%s' "\$users" >"\$file" && flags+=(--aclfile "\$file")
		fi
		exec "$PROGRAM" --logtostderr --omit_basic_usage --bind 127.0.0.1 --dbfilename "" "\${flags[@]}"
	EOF
	chmod +x "$DIR/miniredis/integration/redis_src/redis-server"
	(cd "$DIR/miniredis" && GOWORK=off $GO test -c -tags int -o ../miniredis.test ./integration)
	(cd "$DIR/miniredis/integration" && INT=1 timeout 300 ../../miniredis.test -test.v -test.timeout 290s -test.skip 'TLS$|TestCluster') >"$DIR/miniredis.log" 2>&1 || true
	sed -n 's/^ *--- \(PASS\|FAIL\): \([^ ]*\) .*/\1\tminiredis\t\2/p' "$DIR/miniredis.log" | sed 's/^PASS/ok/; s/^FAIL/err/' >>"$DIR/results"
	grep -q "^PASS\|^FAIL" "$DIR/miniredis.log" || printf 'err\tminiredis\t(the suite did not end)\n' >>"$DIR/results"
}

# unexpected prints what failed and is not expected to.
unexpected() {
	awk -F'\t' '
		FILENAME == ARGV[1] { if (!/^#/ && NF > 1) { n++; suite[n] = $1; test[n] = $2 } next }
		$1 == "err" {
			found = 0
			for (i = 1; i <= n && !found; i++)
				if (suite[i] == $2 && (test[i] == $3 || substr(test[i], 1, 1) == "/" && $3 ~ substr(test[i], 2))) found = 1
			if (!found) print $2 "\t" $3
		}' "$EXPECTED" "$DIR/results"
}

: >"$DIR/results"
suites=("$@")
if [ ${#suites[@]} = 0 ]; then suites=(go-redis miniredis); fi
for suite in "${suites[@]}"; do
	case $suite in
	go-redis) run_go_redis ;;
	miniredis) run_miniredis ;;
	esac
	printf '%s: %s tests passed, %s failed\n' "$suite" "$(grep -c "^ok	$suite	" "$DIR/results")" "$(grep -c "^err	$suite	" "$DIR/results" || true)"
done
unexpected >"$DIR/unexpected"
if [ -s "$DIR/unexpected" ]; then
	echo "Unexpectedly:"
	cat "$DIR/unexpected"
	exit 1
fi
