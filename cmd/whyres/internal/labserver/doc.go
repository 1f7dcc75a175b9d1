// Package labserver builds the experiment's server with another Go: from the
// sources that whyres carries, in a module of their own, with a toolchain that the
// go command gets through the module proxy.
//
// It may import server and cmd/whyres/internal/launch.
package labserver
