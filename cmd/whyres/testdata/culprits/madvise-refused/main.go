// Command madvise-refused has the kernel answer madvise as its first argument
// says ("1": EPERM, "0": success, without doing anything), as the seccomp filter
// of a container may do; then it drops 64 MiB and has the runtime give them back.
package main

import (
	"bufio"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

const made = 64 << 20

// From linux/prctl.h, linux/seccomp.h and linux/bpf_common.h.
const (
	prSetNoNewPrivs = 38
	setModeFilter   = 1
	filterTSync     = 1
	retErrno        = 0x00050000
	retAllow        = 0x7fff0000
	loadWord        = 0x20 // BPF_LD | BPF_W | BPF_ABS
	jumpEqual       = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
	ret             = 0x06 // BPF_RET | BPF_K
)

// seccomp is the system call's number.
var seccomp = map[string]uintptr{"amd64": 317, "arm64": 277}[runtime.GOARCH]

type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

type program struct {
	len    uint16
	filter *instruction
}

var keep [][]byte

func main() {
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	if answer, err := strconv.Atoi(os.Args[1]); err != nil {
		fmt.Println(err)
		return
	} else if answer >= 0 {
		if err := refuse(uint32(answer)); err != nil {
			fmt.Println(err)
			return
		}
	}
	for i := 0; i < made>>20; i++ {
		b := make([]byte, 1<<20)
		for at := 0; at < len(b); at += 4096 {
			// It stays zero: where the release only pretends, Go finds its memory as it
			// expects it, and does not crash.
			b[at] = 0
		}
		keep = append(keep, b)
	}
	keep = nil
	debug.FreeOSMemory()
	fmt.Printf("{\"made\": %d}\n", made)
	io.Copy(ioutil.Discard, in)
}

// refuse installs the filter on all threads.
func refuse(errno uint32) error {
	filter := []instruction{
		{loadWord, 0, 0, 0}, // struct seccomp_data.nr
		{jumpEqual, 0, 1, syscall.SYS_MADVISE},
		{ret, 0, 0, retErrno | errno},
		{ret, 0, 0, retAllow},
	}
	p := program{uint16(len(filter)), &filter[0]}
	runtime.LockOSThread()
	if _, _, e := syscall.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); e != 0 {
		return fmt.Errorf("PR_SET_NO_NEW_PRIVS: %v", e)
	}
	if failed, _, e := syscall.Syscall(seccomp, setModeFilter, filterTSync, uintptr(unsafe.Pointer(&p))); e != 0 || failed != 0 {
		return fmt.Errorf("seccomp: %v, thread %d", e, failed)
	}
	return nil
}
