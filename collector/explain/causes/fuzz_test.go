package causes

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// FuzzJudge: what a sample and a trace hold is the target's to write, or that of
// who made a recording. No cause may break by it, take more than there is, or hold
// less than nothing.
func FuzzJudge(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed, seed*seed)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		checkJudged(t, anyFacts(anything{rand.New(rand.NewPCG(a, b))}))
	})
}

func TestJudgeAnyFacts(t *testing.T) {
	t.Parallel()
	r := anything{rand.New(rand.NewPCG(3, 4))}
	for range 5000 {
		f := anyFacts(r)
		if checkJudged(t, f); t.Failed() {
			t.Fatalf("of %+v with %+v", f, f.Sample)
		}
	}
}

func checkJudged(t *testing.T, f *Facts) {
	t.Helper()
	j := Judge(All(), f)
	sum := j.Healthy
	for i := range j.Causes {
		c := &j.Causes[i]
		sum += c.Bytes
		if c.Bytes < 0 || c.Beside < 0 || c.Says == "" {
			t.Errorf("%s holds %d and %d beside RES: %q", c.ID, c.Bytes, c.Beside, c.Says)
		}
	}
	below := min(0, f.Leaf(ledger.Unexplained)) // the one part that may be below 0
	if sum != f.RES() || j.Healthy < below {
		t.Errorf("%d healthy, with the causes %d, RES is %d", j.Healthy, sum, f.RES())
	}
}

// anyFacts are facts of any numbers, the ledger's parts apart: those are sizes that
// sum to RES (ledger.FuzzLedger).
func anyFacts(r anything) *Facts {
	f := &Facts{Sample: &mem.Sample{}}
	r.fill(reflect.ValueOf(f.Sample).Elem())
	r.fill(reflect.ValueOf(&f.Host).Elem())
	r.fill(reflect.ValueOf(&f.Process).Elem())
	r.fill(reflect.ValueOf(&f.Trace).Elem())
	r.fill(reflect.ValueOf(&f.Up).Elem())
	f.HeapLocked = r.number()
	f.Process.GoVersion = r.pick("", "go1.12.17", "go1.15.15", "go1.19.13", "go1.21.0", "go1.24.0", "go1.26.8", "go1.27.4", "devel")
	parts := []string{
		ledger.HeapLive, ledger.HeapGarbage, ledger.HeapHoles, ledger.HeapReserved, ledger.StacksInUse, ledger.StacksDead,
		ledger.StacksIdle, ledger.Metadata, ledger.CgoHeap, ledger.Threads, ledger.OffHeap, ledger.FileExe, ledger.FileMapped,
		ledger.Shmem, ledger.IdleDense, ledger.IdleGoal, ledger.IdleDue, ledger.IdleUnsure, ledger.ReleasedLazy,
		ledger.ReleasedLocked, ledger.ReleasedHuge, ledger.ReleasedAgain, ledger.HeapUnsure, ledger.Anon, ledger.File,
	}
	for _, id := range parts {
		if r.IntN(2) == 0 {
			f.part(id, int64(r.IntN(64))<<20)
		}
	}
	f.part(ledger.Unexplained, int64(r.IntN(2<<20))-1<<20)
	return f
}

func (f *Facts) part(id string, bytes int64) {
	f.Ledger.Parts = append(f.Ledger.Parts, ledger.Part{ID: id, Bytes: bytes})
	f.Ledger.RES += bytes
}

// anything makes values: small, ordinary, and beyond all reason.
type anything struct{ *rand.Rand }

func (r anything) number() uint64 {
	return [...]uint64{
		0, 1, 4096, 1 << 20, 64 << 20, 1 << 30, 1 << 57, math.MaxInt64, math.MaxUint64, 1 << 63, r.Uint64(), uint64(r.IntN(1 << 28)),
	}[r.IntN(12)]
}

func (r anything) pick(texts ...string) string { return texts[r.IntN(len(texts))] }

func (r anything) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.number()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.number())
	case reflect.String:
		v.SetString(r.pick("", "memory", "MADV_FREE", "none", "always", "race", "6.1.0", "status", "/x", "[heap]", "\x1b[2J", "EINVAL", "GODEBUG", "madvdontneed=0"))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				r.fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		if r.IntN(4) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			r.fill(v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			r.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			r.fill(key)
			r.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.NormFloat64())
	}
}
