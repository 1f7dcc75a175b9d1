package bpf

// The objects are committed, so that building whyres needs Go alone. They are
// rebuilt with clang 14 or newer and libbpf's headers; CI fails if that makes
// a difference.
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -target amd64,arm64 -type record -type target -type runtime -type local -cflags "-O2 -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Werror" kernel whyres.bpf.c
