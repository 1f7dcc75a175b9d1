package lab

// Setting is one way to run the target.
type Setting struct {
	// ID is short and kebab-case, and names the recordings: "default", "gogc-50".
	ID string `json:"id"`
	// Name is what people read: "GOGC=50", "FreeOSMemory after the burst".
	Name string `json:"name"`
	// Env is added to the target's environment, "GOGC=50".
	Env []string `json:"env,omitempty"`
	// Go is the toolchain that the target is built with, "go1.21.13"; "" for the
	// target as it is.
	Go string `json:"go,omitempty"`
	// THP is the mode of transparent huge pages of the whole host during the run; ""
	// for what it is.
	THP string `json:"thp,omitempty"`
	// Orders are given to the target after the burst.
	Orders []Order `json:"orders,omitempty"`
	// Skip says why the setting means nothing here; "" where it does. Rows makes
	// it the row's Problem.
	Skip string `json:"-"`
}

// Order is something that the target is told to do.
type Order struct {
	What What `json:"what"`
	// After the burst's end, in ns; and then Every so many ns, 0 for once.
	After int64 `json:"after_ns"`
	Every int64 `json:"every_ns,omitempty"`
}

// What the target can be told.
type What string

// OrderGC is runtime.GC, OrderFree debug.FreeOSMemory.
const (
	OrderGC   What = "gc"
	OrderFree What = "free"
)
