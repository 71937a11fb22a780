#!/usr/bin/env bash
# Runs the test suite of Redis against the built server, except for the tests that we expect to fail.
#
#   integration/conformance.sh [unit ...]      all units by default, otherwise for example unit/type/hash
#
# FULL=1       run the tests that we expect to fail too, and report those that pass now
# REDIS_SUITE  a source tree of Redis 7.0; without it, the source package of Debian is fetched into bin/redis-suite
# PORT         port of the server under test (7400); the suite itself uses those from PORT+100 on
# SERVER       the command that starts it on $PORT with its files in $DIR/data
# UPDATE=1     append to integration/conformance.expected what failed unexpectedly
#
# Every unit runs in a process of its own, against a server of its own, under a time limit: a hang or a crash costs one
# unit. What we expect to fail stands in integration/conformance.expected, grouped by reason: lines "unit<TAB>test",
# where the test is a name, a regular expression after a slash, or * for a unit that is not run at all.
set -euo pipefail
cd "$(dirname "$0")/.."

PORT=${PORT:-7400}
FULL=${FULL:-}
DIR=$PWD/bin/conformance
EXPECTED=$PWD/integration/conformance.expected
# Some tests send on two connections without waiting for the first reply, and rely on Redis reading them in that order: one
# loop does as well, two need not.
SERVER=${SERVER:-bin/dragonfly --logtostderr --proactor_threads=1 --omit_basic_usage --bind 127.0.0.1 --port $PORT --dir $DIR/data --dbfilename dump.rdb}
UNIT_SECONDS=240
# Replication and PFDEBUG are the business of Redis itself.
TAGS="-needs:repl -needs:pfdebug"
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

# copy_suite copies the tests to where they can be changed and find the tools that they call.
copy_suite() {
	mkdir -p "$DIR/suite/src"
	cp -r "$REDIS_SUITE/tests" "$DIR/suite/tests"
	for tool in redis-cli redis-benchmark redis-server; do ln -s "$(command -v $tool)" "$DIR/suite/src/$tool"; done
	# Since Redis 7.2 small lists and sets are listpacks.
	sed -i 's/^    set val \[r object encoding \$key\]$/&\n    if {$val eq "listpack" \&\& [r type $key] in {list set}} return/' "$DIR/suite/tests/support/test.tcl"
	# We have no append only file. Where the tests reload one to see that nothing changes, a snapshot must serve as well.
	sed -i 's/^    foreach {param val} \$overrides {$/&\n        if {$param eq "appendonly"} continue/' "$DIR/suite/tests/support/server.tcl"
	sed -i -E '/^ *(r bgrewriteaof|waitForBgrewriteaof r|r config set appendonly yes)$/d; s/r debug loadaof/r debug reload/' \
		"$DIR"/suite/tests/unit/{expire,other}.tcl "$DIR"/suite/tests/unit/type/*.tcl
}

# start_server starts the server under test and waits for its answer.
start_server() {
	rm -rf "$DIR/data" && mkdir -p "$DIR/data"
	$SERVER >>"$DIR/server.log" 2>&1 &
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

# expected_of prints what is expected to fail in a unit.
expected_of() { awk -F'\t' -v unit="$1" '!/^#/ && $1 == unit { print $2 }' "$EXPECTED"; }

# run_unit plays one unit and appends its outcome to results: "ok|err<TAB>unit<TAB>test".
run_unit() {
	local unit=$1 log=$DIR/${1//\//_}.log status=0 begin=$SECONDS
	expected_of "$unit" >"$DIR/skip"
	if [ -n "$FULL" ]; then : >"$DIR/skip"; fi
	start_server
	(cd "$DIR/suite" && timeout "$UNIT_SECONDS" tclsh8.6 tests/test_helper.tcl --host 127.0.0.1 --port "$PORT" --baseport $((PORT + 100)) \
		--durable --single "$unit" --tags "$TAGS" --skipfile "$DIR/skip") >"$log" 2>&1 || status=$?
	sed 's/\x1b\[[0-9;]*m//g' "$log" | awk -v unit="$unit" '
		/^\[(ok|err|exception)\]: / { kind = $1 == "[ok]:" ? "ok" : "err"; sub(/^\[[a-z]+\]: /, ""); sub(/ \([0-9]+ ms\)$/, ""); if (kind == "err") sub(/ in tests\/.*$/, ""); print kind "\t" unit "\t" $0 }' >>"$DIR/results"
	if [ "$status" = 124 ]; then printf 'err\t%s\t(more than %s seconds)\n' "$unit" "$UNIT_SECONDS" >>"$DIR/results"; fi
	if [ "$(redis-cli -p "$PORT" ping 2>/dev/null)" != PONG ]; then printf 'err\t%s\t(the server is gone)\n' "$unit" >>"$DIR/results"; fi
	if ! grep -q $'\t'"$unit"$'\t' "$DIR/results" && grep -q 'exception\|ERROR\|child process exited abnormally' "$log"; then
		printf 'err\t%s\t(the unit ended at once)\n' "$unit" >>"$DIR/results"
	fi
	stop_server
	printf '%s\t%s\n' "$unit" "$((SECONDS - begin))" >>"$DIR/seconds"
}

# match FILE prints the lines "unit<TAB>test" of FILE that are expected to fail (MATCH=1) or are not (MATCH=0).
match() {
	awk -F'\t' -v want="$MATCH" '
		FILENAME == ARGV[1] { if (!/^#/ && NF > 1) { n++; unit[n] = $1; test[n] = $2 } next }
		{
			found = 0
			for (i = 1; i <= n && !found; i++) {
				if (unit[i] != $1) continue
				if (test[i] == "*" || test[i] == $2) found = 1
				else if (substr(test[i], 1, 1) == "/" && $2 ~ substr(test[i], 2)) found = 1
			}
			if (found == want) print
		}' "$EXPECTED" "$1"
}

if [ -z "${REDIS_SUITE:-}" ]; then
	[ -d bin/redis-suite/tests ] || fetch_suite
	REDIS_SUITE=$PWD/bin/redis-suite
fi
rm -rf "$DIR" && mkdir -p "$DIR"
: >"$DIR/results"
copy_suite

units=("$@")
if [ ${#units[@]} = 0 ]; then
	for unit in $(cd "$DIR/suite" && tclsh8.6 tests/test_helper.tcl --list-tests); do
		if [ -z "$FULL" ] && [ "$(expected_of "$unit")" = "*" ]; then continue; fi
		units+=("$unit")
	done
fi
for unit in "${units[@]}"; do run_unit "$unit"; done

awk -F'\t' '$1 == "err" { print $2 "\t" $3 }' "$DIR/results" | LC_ALL=C sort -u >"$DIR/failed"
awk -F'\t' '$1 == "ok" { print $2 "\t" $3 }' "$DIR/results" | LC_ALL=C sort -u | LC_ALL=C comm -23 - "$DIR/failed" >"$DIR/passed"
MATCH=0 match "$DIR/failed" >"$DIR/unexpected"
MATCH=1 match "$DIR/passed" >"$DIR/better"
printf '%s units in %s seconds: %s tests passed, %s failed, %s of them unexpectedly\n' "${#units[@]}" "$SECONDS" \
	"$(wc -l <"$DIR/passed")" "$(wc -l <"$DIR/failed")" "$(wc -l <"$DIR/unexpected")"
if [ -n "$FULL" ] && [ -s "$DIR/better" ]; then
	echo "These pass now and need not be expected to fail:"
	cat "$DIR/better"
fi
if [ -s "$DIR/unexpected" ]; then
	cat "$DIR/unexpected"
	if [ "${UPDATE:-}" = 1 ]; then
		{ echo "# New: give a reason."; cat "$DIR/unexpected"; } >>"$EXPECTED"
	fi
	exit 1
fi
