// Command whyres tells why a Go process's RES stays high, and exactly when, why
// and by whom memory goes back to the system.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
