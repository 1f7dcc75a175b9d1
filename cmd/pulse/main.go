// Command pulse is the experiment's load client; see the package pulse.
package main

import (
	"context"
	"os"

	"whyres/pulse"
)

func main() {
	os.Exit(pulse.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
