#!/bin/bash
# make test, second half: runs the tests of the given packages again as root.
# Run as root already, the first half has done so. Where neither root nor sudo is
# to be had it says what it left out.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
	echo "privileged tests: run above, as root"
	exit 0
fi
if [ -z "$SUDO" ] || ! $SUDO -v; then
	echo "LEFT OUT: the privileged tests of $*: they need root or sudo"
	exit 0
fi
work=$(mktemp -d)
chmod 755 "$work"
trap '$SUDO rm -rf "$work"' EXIT
# What the tests run is built here: root should leave nothing in your caches.
CGO_ENABLED=0 "$GO" build -o "$work/" ./cmd/whyres ./cmd/server ./cmd/pulse ./cmd/whyres/testdata/subject
for package in "$@"; do
	"$GO" test -c -o "$work/test" "$package"
	echo "# $package, as root"
	(cd "$package" && $SUDO env -u SUDO_UID -u SUDO_GID -u SUDO_USER "PATH=$PATH" "GOCACHE=$work/cache" "WHYRES_TEST_BINARIES=$work" \
		"WHYRES_NEED=${WHYRES_NEED:-}" "$work/test" -test.count=1 ${TESTFLAGS:+-test.v})
done
