package ledger

import (
	"math"
	"math/rand/v2"
	"testing"

	"whyres/collector/mem"
)

// A recording is input from anywhere: no numbers may break the sums, and no
// leaf but unexplained be negative.
func TestLedgerOfAnyNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		s, p := anySample(random)
		checkSums(t, Build(s, p))
		if t.Failed() {
			t.Fatalf("of %+v", s)
		}
	}
}

func FuzzLedger(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		s, p := anySample(rand.New(rand.NewPCG(a, b)))
		checkSums(t, Build(s, p))
	})
}

// anyNumbers makes numbers: small, ordinary, and beyond all reason.
type anyNumbers struct{ *rand.Rand }

func (r anyNumbers) one() uint64 {
	choice := []uint64{0, 1, 4096, 1 << 20, 1 << 30, math.MaxInt64, math.MaxUint64, r.Uint64(), uint64(r.IntN(1 << 28))}
	return choice[r.IntN(len(choice))]
}

func (r anyNumbers) yes() bool { return r.IntN(2) == 0 }

func (r anyNumbers) amount() mem.Amount {
	return mem.Amount{Bytes: r.one(), Resident: r.one(), Huge: r.one(), Zero: r.one()}
}

func anySample(random *rand.Rand) (*mem.Sample, mem.Process) {
	r := anyNumbers{random}
	s, p := sample(), goProcess
	for i := range s.VMAs {
		anyVMA(r, &s.VMAs[i])
	}
	s.MemStats = &mem.MemStats{
		HeapWalked: r.yes(), HeapAlloc: r.one(), HeapMarked: r.one(), NumGC: uint32(r.IntN(2)), Sys: r.one(),
		HeapSys: r.one(), HeapReleased: r.one(), GCSys: r.one(), MSpanSys: r.one(), OtherSys: r.one(), GCPercent: int32(r.one()),
		ScavengeGCPercentGoal: r.one(), ScavengeMemoryLimitGoal: r.one(), MemoryLimit: int64(r.one()),
	}
	g := s.Pages
	for _, a := range []*mem.Amount{&g.InUse, &g.Stacks, &g.Manual, &g.Idle, &g.Released, &g.Reserved, &g.Dense} {
		*a = r.amount()
	}
	g.Agrees, g.Off, g.Either = r.yes(), r.one(), r.one()
	if r.yes() {
		g.Objects, g.Holes = r.amount(), r.amount()
		g.Goroutines = &mem.Goroutines{Live: r.amount(), Dead: r.amount(), System: r.amount(), Free: r.amount()}
	}
	p.Cgo = r.yes()
	switch r.IntN(8) {
	case 0:
		s.MemStats = nil
	case 1:
		s.Pages = nil
	case 2:
		s.Smaps = nil
		s.RSS = mem.RSS{Anon: int64(r.one() >> 3), File: int64(r.one() >> 3)}
	}
	return s, p
}

func anyVMA(r anyNumbers, v *mem.VMA) {
	v.Rss, v.Anonymous, v.Locked, v.LazyFree = r.one(), r.one(), r.one(), r.one()
	if r.yes() {
		v.Start, v.End = mem.Addr(r.one()), mem.Addr(r.one())
	}
	for _, owner := range []mem.Owner{mem.OwnerRuntime, mem.OwnerThread, mem.OwnerMalloc, mem.OwnerReleased, mem.OwnerBSS, "else", mem.OwnerRuntime} {
		if r.yes() {
			v.Parts = append(v.Parts, mem.VMAPart{Owner: owner, Amount: r.amount()})
		}
	}
}
