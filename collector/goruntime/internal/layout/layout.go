package layout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Layout gives the offset in bytes of each field within its variable or type,
// keyed by Root.Key and the dotted path of the field ("mheap_.pages.chunks"),
// and each root's size under Root.Key alone ("mspan"). An absent key means that
// this version of the runtime has no such field.
type Layout map[string]uint64

// Root is a variable or type of package runtime whose fields are wanted.
type Root struct {
	// Key begins the names of its fields in a Layout.
	Key string
	// Var is the linker's name of the variable, "" for a bare type.
	Var string
	// Type is the DWARF name of a bare type; a variable's type is its own.
	Type string
	// Since and Until are the first and the last minor version of Go that this
	// entry speaks of; 0 stands for no bound. A variable whose fields moved has
	// an entry an era, all of one Key.
	Since, Until int
	// Optional: nothing fails where it is absent. Old linkers leave out of a
	// program what it does not use.
	Optional bool
	// Named: it is read only where a symbol tells its place; nobody looks for it
	// in the memory of a stripped program.
	Named bool
	// Fields are dotted paths. Those that end in ? do not exist in every
	// version that the entry speaks of.
	Fields []string
}

// Speaks reports whether the entry is of this minor version.
func (r Root) Speaks(minor int) bool {
	return minor >= r.Since && (r.Until == 0 || minor <= r.Until)
}

// Path is the path of an entry of Root.Fields, without its mark.
func Path(field string) string { return strings.TrimSuffix(field, "?") }

// Check returns an error that names the first field which the layout lacks
// although Go 1.minor has it.
func (l Layout) Check(minor int) error {
	for _, root := range Roots() {
		if root.Optional || !root.Speaks(minor) {
			continue
		}
		if _, ok := l[root.Key]; !ok {
			return fmt.Errorf("no size of runtime's %s", root.Key)
		}
		for _, field := range root.Fields {
			if strings.HasSuffix(field, "?") {
				continue
			}
			if _, ok := l[root.Key+"."+field]; !ok {
				return fmt.Errorf("no field %s in runtime's %s", field, root.Key)
			}
		}
	}
	return nil
}

// String is the layout as lines "key offset", sorted.
func (l Layout) String() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&b, "%s %d\n", key, l[key])
	}
	return b.String()
}
