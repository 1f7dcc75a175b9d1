#!/bin/bash
# make demo: starts the server, traces it, runs three pulses of connections
# against it, has it collect garbage twice, and lets whyres tell the story.
# FULL=1 waits for the two collections that the Go runtime forces by itself, and
# for its scavenger, which an idle process's monitor wakes up to a minute later
# (runtime.sysmon sleeps half of forcegcperiod when nothing runs): six minutes.
set -euo pipefail
SUDO=${SUDO:-} FULL=${FULL:-}

server= tracer= work=$(mktemp -d)
finish() {
	[ -z "$tracer" ] || $SUDO kill -INT "$tracer" 2>/dev/null || true
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
say() { printf '\n# %s\n' "$*" >&2; }

if [ "$(id -u)" != 0 ] && [ -z "$SUDO" ]; then
	say "tracing needs root, and there is no sudo here: run make demo as root"
	exit 3
fi

# Each connection takes one file of the server and one of pulse.
wanted=10000
limit=$(ulimit -Hn)
[ "$limit" = unlimited ] && limit=1048576
connections=$((limit - 200 < wanted ? limit - 200 : wanted))
if [ "$connections" -lt "$wanted" ]; then
	say "the limit of open files is $limit: pulses of $connections connections instead of $wanted"
fi

bin/server -addr 127.0.0.1:0 2>"$work/server.log" &
server=$!
for _ in $(seq 100); do
	addr=$(grep -om1 '127\.0\.0\.1:[0-9]*' "$work/server.log" || true)
	[ -n "$addr" ] && break
	sleep 0.1
done
[ -n "$addr" ] || { cat "$work/server.log" >&2; exit 1; }

say "bin/server runs as pid $server on $addr"
say "${SUDO:+sudo }bin/whyres trace -p $server${SUDO:+   (eBPF, and reading the memory of others, need root)}"
[ -z "$SUDO" ] || $SUDO -v
$SUDO bin/whyres trace -p "$server" &
tracer=$!
sleep 2
kill -0 "$tracer" 2>/dev/null || { wait "$tracer"; exit $?; }

say "bin/pulse -big=$connections -i 3 -bs 5 -l 4 -small 0"
bin/pulse -addr "$addr" -big="$connections" -i 3 -bs 5 -l 4 -small 0 | sed -u 's/^/# pulse: /' >&2
sleep 3
if [ -n "$FULL" ]; then
	say "now idle: the runtime forces a collection after two minutes, and another two minutes later;" \
		"its scavenger may sleep another minute after each"
	sleep 330
else
	say "two collections by signal (SIGUSR1): the first finds the garbage, the second lets the scavenger have it"
	kill -USR1 "$server"
	sleep 6
	kill -USR1 "$server"
	sleep 8
fi
$SUDO kill -INT "$tracer"
wait "$tracer"
tracer=
