package server

import "embed"

//go:embed accept.go census.go doc.go limit.go listen.go orders.go run.go settings.go source.go tally.go
var source embed.FS

// Source is the package as it was compiled, without its tests: with a go.mod and
// a main that calls Run it can be built again, with Go 1.16 or newer.
func Source() embed.FS { return source }
