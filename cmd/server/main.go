// Command server is the experiment's TCP server; see the package server.
package main

import (
	"context"
	"os"

	"whyres/server"
)

func main() {
	os.Exit(server.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
