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
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in "$@"; do
	"$GO" test -c -o "$work/test" "$package"
	echo "# $package, as root"
	(cd "$package" && $SUDO env "PATH=$PATH" "GOPATH=$("$GO" env GOPATH)" "WHYRES_ROOT=$root" "$work/test" -test.count=1)
done
