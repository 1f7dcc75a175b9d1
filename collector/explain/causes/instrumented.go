package causes

import (
	"fmt"
	"strings"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// instrumentedBuild: the race detector, or a sanitizer, keeps memory of its own.
func instrumentedBuild() Cause {
	return Cause{
		ID: "instrumented-build",
		Page: Page{
			What: "what was switched on to find faults keeps memory of its own: the race detector, a sanitizer, or a very fine memory profile",
			Mechanism: "go build -race links the race detector in. For each 8 bytes of memory that is used it keeps 16 bytes or more that say who touched them last, " +
				"so that a heap takes about three times its size in RES; it is mapped at fixed addresses outside Go's heap, and stays when the heap shrinks. " +
				"-asan and -msan do the like for C and Go together. The Go runtime knows nothing of this memory: no MemStats, no GOMEMLIMIT counts it. " +
				"Apart from these, each Go program can profile its allocations: for each stack that was sampled the runtime keeps a bucket, which is never freed. " +
				"With one sample in 512 KiB, as it is by default, they are few. With runtime.MemProfileRate=1 there is one for each stack that ever allocated.",
			Proof: "the program's build settings say -race, -asan or -msan (go version -m PROGRAM; Go 1.18 and newer record them), and the memory lies where the race " +
				"detector maps its own: from 0x200000000000 to 0x400000000000 on 64-bit Linux. Of -asan whyres knows the addresses on amd64, of -msan none: " +
				"then all that is mapped outside of Go's heap counts, as possible. A fine profile is told by runtime.MemProfileRate, and its buckets by the runtime's own counter (BuckHashSys), " +
				"less the table to find them by: that has 179999 pointers in each program, and is hardly resident. At the default rate nothing is told; where the rate was not read: possible.",
			Remedy: []string{
				"a build without -race, -asan and -msan: the one that is released",
				"runtime.MemProfileRate at its default of 512 KiB, set before anything is allocated: the price is a coarser profile",
			},
			Versions: "Every Go release for which -race (or -asan, -msan) can be built; before Go 1.18 a program does not record that it was.",
			Sources: []string{
				"go.dev/doc/articles/race_detector, Runtime overhead", "runtime/race", "compiler-rt/lib/tsan/rtl/tsan_platform.h (MappingGo48)",
				"debug/buildinfo, BuildSetting -race", "runtime.MemStats.BuckHashSys", "runtime/mprof.go (buckHashSize, newBucket)",
			},
		},
		Find: findInstrumentedBuild,
	}
}

func findInstrumentedBuild(f *Facts) *Finding {
	if f.Process.Sanitizer == "" {
		return findProfiled(f)
	}
	flag := "-" + f.Process.Sanitizer
	found := &Finding{
		Says:     "are kept by the checks that " + flag + " builds in, outside of all that Go counts",
		Evidence: []string{"the program's build settings say " + flag},
		Remedy:   []string{"run a build without " + flag},
	}
	where := shadowOf(f.Process.Sanitizer, f.Host.Arch)
	if where == nil {
		found.Confidence, found.Takes = Possible, f.All(ledger.OffHeap)
		found.Evidence = append(found.Evidence, size(Total(found.Takes))+" are mapped outside of Go's heap: which of it is the program's own is not known")
		return found
	}
	shadow := min(residentIn(f.Sample.VMAs, where), f.Leaf(ledger.OffHeap))
	if shadow <= 0 {
		return nil
	}
	found.Confidence = Proved
	found.Takes = []Take{{ledger.OffHeap, shadow}}
	found.Evidence = append(found.Evidence, size(shadow)+" are resident in anonymous mappings where these checks have their own: "+inWords(where))
	return found
}

// shadowOf is where a sanitizer keeps what it knows of the program's memory, on
// Linux with addresses of 47 bits or more; nil where that is not known here. That
// of the race detector for Go is the same for amd64 and arm64 (tsan_platform.h,
// MappingGo48 and MappingGoAarch64: shadow, and meta above it); that of -asan is
// of amd64 (asan_mapping.h: low and high shadow).
func shadowOf(sanitizer, arch string) []mem.Range {
	switch {
	case sanitizer == "race":
		return []mem.Range{{Start: 0x200000000000, End: 0x400000000000}}
	case sanitizer == "asan" && arch == "amd64":
		return []mem.Range{{Start: 0x7fff7000, End: 0x8fff7000}, {Start: 0x2008fff7000, End: 0x10007fff8000}}
	}
	return nil
}

func inWords(ranges []mem.Range) string {
	words := make([]string, 0, len(ranges))
	for _, r := range ranges {
		words = append(words, fmt.Sprintf("%#x to %#x", uint64(r.Start), uint64(r.End)))
	}
	return strings.Join(words, " and ")
}

// residentIn is what is resident in anonymous mappings inside of the ranges.
func residentIn(vmas []mem.VMA, ranges []mem.Range) (sum int64) {
	for i := range vmas {
		v := &vmas[i]
		for _, r := range ranges {
			if v.Path == "" && v.Inode == 0 && r.Start <= v.Start && v.End <= r.End {
				sum += signedSize(v.Rss)
			}
		}
	}
	return sum
}

// defaultProfileRate is runtime.MemProfileRate where the program did not set it.
const defaultProfileRate = 512 << 10

// bucketTable is the table by which the runtime finds a profile's buckets. It is
// counted in BuckHashSys whole, from the first sample on, at any rate; resident
// are the few pages of it that are in use (runtime/mprof.go, buckHashSize: 179999
// pointers, from Go 1.12 to 1.27).
const bucketTable = 179999 * 8

// findProfiled finds the buckets of a memory profile that is kept too finely.
// They are written when they are made, and never freed. At the default rate they
// are what each program has, or those of block and mutex profiles.
func findProfiled(f *Facts) *Finding {
	rate := f.Clock().MemProfileRate
	counted := signedSize(f.Stats().BuckHashSys)
	buckets := min(counted-bucketTable, f.Leaf(ledger.Metadata))
	if buckets < f.Worth() || rate >= defaultProfileRate {
		return nil
	}
	found := &Finding{
		Confidence: Possible, Takes: []Take{{ledger.Metadata, buckets}},
		Says: "are the buckets of profiles: one for each stack that allocated, or blocked, and was sampled; they are never freed",
		Evidence: []string{fmt.Sprintf("the runtime counts %s for the buckets of profiles (MemStats.BuckHashSys); %s of it are the table to find them by, which every program has",
			size(counted), size(bucketTable))},
		Remedy: []string{"leave runtime.MemProfileRate at its default of 512 KiB, and block and mutex profiles off, from the start of the program on; then restart it"},
	}
	if rate <= 0 {
		found.Evidence = append(found.Evidence, "runtime.MemProfileRate is not known: whether the profile is fine, or the program has many stacks, is open")
		return found
	}
	found.Confidence = Likely
	found.Evidence = append(found.Evidence, fmt.Sprintf("runtime.MemProfileRate is %d: one allocation in so many bytes is sampled; by default it is %d", rate, defaultProfileRate))
	return found
}
