package lab

import (
	"reflect"
	"testing"

	"whyres/collector/mem"
)

// As soon as the samples tell the runtime's CPU times, the lab takes them.
func TestRuntimeCPUIsTaken(t *testing.T) {
	var m mem.MemStats
	gc, scavenge := reflect.ValueOf(&m).Elem().FieldByName("GCCPU"), reflect.ValueOf(&m).Elem().FieldByName("ScavengeCPU")
	if !gc.IsValid() || !scavenge.IsValid() {
		t.Skip("the samples do not tell the runtime's CPU times yet")
	}
	a, b := int64(5), int64(7)
	gc.Set(reflect.ValueOf(&a))
	scavenge.Set(reflect.ValueOf(&b))
	if x, y := runtimeCPU(&m); x == nil || y == nil || *x != a || *y != b {
		t.Errorf("%v and %v, want %d and %d", x, y, a, b)
	}
}
