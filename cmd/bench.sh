#!/bin/bash
# make bench: builds the benchmark and runs it as root. bpftrace needs tracefs,
# which is mounted for it alone where the host has it not.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$GO" build -o "$work/bench" ./cmd/whyres/internal/bench
mount='[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"'
$SUDO unshare --mount sh -c "$mount" sh "$work/bench" -whyres "$PWD/bin/whyres" ${ARGS:-}
