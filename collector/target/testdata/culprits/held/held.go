// Package held is what the culprits share: how they say what they hold, and how
// they count what of it is resident.
package held

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Page is the size of a page in bytes.
var Page = os.Getpagesize()

// Run says that the program is there, waits for a line, makes memory, says as
// one line of JSON how many bytes of it are resident by the ledger's leaves, and
// waits for the end of its input.
func Run(make func() (map[string]int, error)) {
	in := bufio.NewReader(os.Stdin)
	fmt.Println(`{}`)
	if _, err := in.ReadString('\n'); err != nil {
		return
	}
	bytes, err := make()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(bytes); err != nil {
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, in)
}

// Touch writes to each page.
func Touch(b []byte) []byte {
	for i := 0; i < len(b); i += Page {
		b[i] = 1
	}
	return b
}

// Round is n in whole pages.
func Round(n int) int { return (n + Page - 1) / Page * Page }

// Resident is how many bytes of the range are resident, in whole pages that lie
// within it, by mincore(2).
func Resident(start uintptr, length int) (int, error) {
	end := (start + uintptr(length)) &^ uintptr(Page-1)
	start = (start + uintptr(Page-1)) &^ uintptr(Page-1)
	if start >= end {
		return 0, nil
	}
	vec := make([]byte, int(end-start)/Page)
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, start, end-start, uintptr(unsafe.Pointer(&vec[0])))
	if errno != 0 {
		return 0, fmt.Errorf("mincore of %d bytes: %w", end-start, errno)
	}
	n := 0
	for _, in := range vec {
		n += int(in&1) * Page
	}
	return n, nil
}

// At is where a slice's bytes lie.
func At(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }
