#!/bin/bash
# make lint: the linters at the versions this project was checked with, built
# from source where they are not installed.
set -euo pipefail

bin=$PWD/bin/lint
mkdir -p "$bin"
have() { [ -x "$bin/$1" ] || GOBIN=$bin "$GO" install "$2"; }
have golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
have gofumpt mvdan.cc/gofumpt@v0.12.0
have govulncheck golang.org/x/vuln/cmd/govulncheck@v1.9.0

unformatted=$("$bin/gofumpt" -l bpf cmd collector pulse server)
[ -z "$unformatted" ] || { echo "not as gofumpt writes it: $unformatted"; exit 1; }
"$bin/golangci-lint" run ./...
GOOS=linux GOARCH=arm64 CGO_ENABLED=0 "$GO" build ./...
if command -v clang-format >/dev/null; then
	clang-format --dry-run -Werror bpf/whyres.bpf.c bpf/kernel.h
else
	echo "LEFT OUT: clang-format is not installed"
fi
if ! known=$("$bin/govulncheck" ./... 2>&1); then
	case $known in
	*"fetching vulnerabilities"*) echo "NOT CHECKED: govulncheck's database is out of reach" ;;
	*) echo "$known"; exit 1 ;;
	esac
fi
