// Package protocol is what the two halves of the kernel tests tell each other:
// the host, which boots a virtual machine, and the guest, which is its PID 1.
// It does no I/O and imports nothing.
package protocol

// PlanFile is where the guest finds its Plan, as JSON.
const PlanFile = "/plan.json"

// Prefix starts each line of the guest's own, so that it can be told from what
// the tests print on the same line.
const Prefix = "whyres-vm: "

// The guest's own lines, each after Prefix.
const (
	Kernel = "kernel " // and the release, as uname -r gives it
	Run    = "run "    // and the package whose tests start now
	Exit   = "exit "   // and the exit code of these tests
	Done   = "done"    // all packages were run
	Broken = "broken " // and why the guest gave up
)

// ProgramsDir holds, in the guest, the programs that tests run; OutputDir takes the
// files that are to come out of the machine, folders left aside.
const (
	ProgramsDir = "/programs"
	OutputDir   = "/tmp/output"
)

// MaxOutput bounds all files that come out of a machine together, in bytes.
const MaxOutput = 32 << 20

// EnvPrograms names the folder of programs that were built for the tests, EnvOutput
// the folder that takes what tests leave for people. Where the first is not set,
// tests build what they run; where the second is not, nothing is left.
const (
	EnvPrograms = "WHYRES_TEST_BINARIES"
	EnvOutput   = "WHYRES_VM_OUTPUT"
)

// EnvInVM is set to "1" for tests that run in a virtual machine: root, all
// alone, on a kernel that may be broken at will.
const EnvInVM = "WHYRES_VM"

// Plan is what the guest runs, in this order.
type Plan struct {
	Tests []Test `json:"tests"`
}

// Test is one compiled test binary.
type Test struct {
	Package string   `json:"package"` // import path
	Binary  string   `json:"binary"`  // path in the initramfs
	Dir     string   `json:"dir"`     // directory that it is run in
	Args    []string `json:"args"`
}
