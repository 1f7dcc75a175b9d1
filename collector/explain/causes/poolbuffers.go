package causes

// poolBuffers: buffers in a sync.Pool. From outside they are objects like any
// other: nothing finds them.
func poolBuffers() Cause {
	return Cause{
		ID: "pool-buffers",
		Page: Page{
			What: "a sync.Pool keeps buffers, each as large as the largest use of it",
			Mechanism: "A buffer that grew for one large request goes back to the pool at that size, and serves small ones from then on. " +
				"A pool that is in use keeps all of them live. What has not been used for two GCs is dropped: a pool that has gone quiet empties itself.",
			Proof: "None: from outside pooled buffers cannot be told from other live objects. They show as live-heap, often as large objects. A heap profile tells: " +
				"go tool pprof -sample_index=inuse_space http://ADDRESS/debug/pprof/heap names the functions that grew the buffers (bytes.growSlice, the pool's New). " +
				"If RES falls after two GCs without load, it was a pool.",
			Remedy: []string{
				"do not put back what has grown: if buf.Cap() > 64<<10 { return } before pool.Put",
				"one pool for each range of sizes",
			},
			Versions: "All; kept for a second GC since Go 1.13.",
			Sources:  []string{"sync/pool.go: poolCleanup, victim", "golang.org/issue/23199", "Go 1.13 release notes, sync"},
		},
	}
}
