// Package kernel is what the Linux kernel says of a process and of its host:
// /proc/PID/status, smaps, smaps_rollup and pagemap, the host's release and
// settings, and the clocks. It is an edge: it reads files and makes system
// calls, keeps no goroutine and no global, and turns what it reads into the
// nouns of collector/mem, the only package of whyres that it may import.
//
// One /proc file is one Go file and one test. An FS holds the roots of /proc
// and /sys, so that a test can point it at fixtures. Sizes are bytes: the
// kernel's "kB" (of 1024 bytes) are converted where they are parsed.
package kernel
