#!/usr/bin/env bash
# Runs the test suite of Redis against the built server and compares with the failures we expect.
#
#   integration/conformance.sh [unit ...]      all units by default, otherwise for example unit/type/hash
#
# REDIS_SUITE  a source tree of Redis 7.0; without it, the source package of Debian is fetched into bin/redis-suite
# PORT         port of the server under test (7400)
# SERVER       the command that starts it on $PORT with its files in $DIR
# UPDATE=1     write integration/conformance.expected anew from what failed
#
# Every unit runs in a process of its own, against a server of its own, under a time limit: a hang or a crash costs one
# unit. Failures of the server under test are lines "unit<TAB>test" in integration/conformance.expected.
set -euo pipefail
cd "$(dirname "$0")/.."

PORT=${PORT:-7400}
DIR=$PWD/bin/conformance
EXPECTED=$PWD/integration/conformance.expected
SERVER=${SERVER:-bin/dragonfly --logtostderr --omit_basic_usage --bind 127.0.0.1 --port $PORT --dir $DIR/data --dbfilename=}
UNIT_SECONDS=240
server_pid=

# fetch_suite brings the source package of redis into bin/redis-suite, with package lists of its own.
fetch_suite() {
	local apt=$PWD/bin/apt options
	mkdir -p "$apt/lists/partial" "$apt/parts"
	sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$apt/parts/debian.sources"
	options=(-o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::State::lists=$apt/lists" -o "APT::Sandbox::User=root")
	apt-get "${options[@]}" -qq update
	(cd "$apt" && apt-get "${options[@]}" -qq source redis >/dev/null)
	rm -rf bin/redis-suite
	mv "$apt"/redis-*/ bin/redis-suite
}

# start_server starts the server under test and waits for its answer.
start_server() {
	rm -rf "$DIR/data" && mkdir -p "$DIR/data"
	DIR=$DIR/data $SERVER >>"$DIR/server.log" 2>&1 &
	server_pid=$!
	for _ in $(seq 100); do
		if [ "$(redis-cli -p "$PORT" ping 2>/dev/null)" = PONG ]; then return 0; fi
		sleep 0.1
	done
	echo "the server does not answer; see $DIR/server.log" >&2
	return 1
}

# stop_server ends it, gently first.
stop_server() {
	[ -n "$server_pid" ] || return 0
	kill "$server_pid" 2>/dev/null || true
	for _ in $(seq 50); do
		kill -0 "$server_pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$server_pid" 2>/dev/null || true
	wait "$server_pid" 2>/dev/null || true
	server_pid=
}
trap stop_server EXIT

# run_unit plays one unit and appends its outcome to results: "ok|err<TAB>unit<TAB>test".
run_unit() {
	local unit=$1 log=$DIR/${1//\//_}.log status=0
	start_server
	(cd "$REDIS_SUITE" && timeout "$UNIT_SECONDS" tclsh8.6 tests/test_helper.tcl --host 127.0.0.1 --port "$PORT" --baseport $((PORT + 100)) \
		--durable --single "$unit" --tags "-needs:debug -needs:repl -needs:save -needs:pfdebug -needs:config-maxmemory -needs:config-resetstat" \
		--ignore-encoding --ignore-digest) >"$log" 2>&1 || status=$?
	sed 's/\x1b\[[0-9;]*m//g' "$log" | awk -v unit="$unit" '
		/^\[(ok|err|exception)\]: / { kind = $1 == "[ok]:" ? "ok" : "err"; sub(/^\[[a-z]+\]: /, ""); sub(/ \([0-9]+ ms\)$/, ""); if (kind == "err") sub(/ in tests\/.*$/, ""); print kind "\t" unit "\t" $0 }' >>"$DIR/results"
	if [ "$status" = 124 ]; then printf 'err\t%s\t(more than %s seconds)\n' "$unit" "$UNIT_SECONDS" >>"$DIR/results"; fi
	if [ "$(redis-cli -p "$PORT" ping 2>/dev/null)" != PONG ]; then printf 'err\t%s\t(the server is gone)\n' "$unit" >>"$DIR/results"; fi
	if ! grep -q $'\t'"$unit"$'\t' "$DIR/results" && grep -q 'exception\|ERROR\|child process exited abnormally' "$log"; then
		printf 'err\t%s\t(the unit ended at once)\n' "$unit" >>"$DIR/results"
	fi
	stop_server
}

if [ -z "${REDIS_SUITE:-}" ]; then
	[ -d bin/redis-suite/tests ] || fetch_suite
	REDIS_SUITE=$PWD/bin/redis-suite
fi
# The suite looks for the tools in its own tree.
for tool in redis-cli redis-benchmark redis-server; do
	[ -e "$REDIS_SUITE/src/$tool" ] || ln -s "$(command -v $tool)" "$REDIS_SUITE/src/$tool"
done

rm -rf "$DIR" && mkdir -p "$DIR"
units=("$@")
if [ ${#units[@]} = 0 ]; then
	mapfile -t units < <(cd "$REDIS_SUITE" && tclsh8.6 tests/test_helper.tcl --list-tests)
fi
for unit in "${units[@]}"; do run_unit "$unit"; done

awk -F'\t' '$1 == "err" { print $2 "\t" $3 }' "$DIR/results" | LC_ALL=C sort -u >"$DIR/failed"
if [ "${UPDATE:-}" = 1 ]; then cp "$DIR/failed" "$EXPECTED"; fi
LC_ALL=C sort -u "$EXPECTED" >"$DIR/expected"
LC_ALL=C comm -23 "$DIR/failed" "$DIR/expected" >"$DIR/unexpected"
printf '%s units: %s tests passed, %s failed, %s of them unexpectedly\n' "${#units[@]}" \
	"$(grep -c '^ok' "$DIR/results")" "$(wc -l <"$DIR/failed")" "$(wc -l <"$DIR/unexpected")"
if [ -s "$DIR/unexpected" ]; then
	cat "$DIR/unexpected"
	exit 1
fi
