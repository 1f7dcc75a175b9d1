package bpf

import (
	"bytes"
	"slices"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// kernelWithPage makes the types of a kernel whose struct page has these members.
func kernelWithPage(t *testing.T, members ...btf.Member) *btf.Spec {
	t.Helper()
	builder, err := btf.NewBuilder([]btf.Type{&btf.Struct{Name: "page", Size: 64, Members: members}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := builder.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	types, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// A kernel whose pages do not tell what they are does not count them at all.
func TestAllocatorNeedsThePagesKind(t *testing.T) {
	word := &btf.Int{Name: "unsigned long", Size: 8}
	mapping := btf.Member{Name: "mapping", Type: word}
	flags := btf.Member{Name: "flags", Type: word}
	within := btf.Member{Type: &btf.Union{Size: 8, Members: []btf.Member{{Type: &btf.Struct{Size: 8, Members: []btf.Member{mapping}}}}}}
	named := btf.Member{Name: "pool", Type: &btf.Struct{Size: 8, Members: []btf.Member{mapping}}}
	for name, c := range map[string]struct {
		members []btf.Member
		tells   bool
	}{
		"as it is":         {[]btf.Member{flags, within}, true},
		"at the top":       {[]btf.Member{mapping}, true},
		"no such field":    {[]btf.Member{flags}, false},
		"another struct's": {[]btf.Member{named}, false},
	} {
		t.Run(name, func(t *testing.T) {
			types := kernelWithPage(t, c.members...)
			asked := Options{Allocator: true}
			missing := withoutKind(&asked, types)
			if asked.Allocator != c.tells || slices.Contains(missing, lacksKind) == c.tells {
				t.Errorf("asked for still: %v, missing %q; want %v", asked.Allocator, missing, c.tells)
			}
			if missing := withoutKind(&Options{}, types); missing != nil {
				t.Errorf("not asked for, and missing: %q", missing)
			}
		})
	}
}
