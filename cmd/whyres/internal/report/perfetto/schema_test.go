package perfetto

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// officialEnv names Perfetto's own protos/perfetto/trace/perfetto_trace.proto, of
// any version, where there is one: then that is the schema, and the subset here is
// held to it.
const officialEnv = "WHYRES_PERFETTO_PROTO"

// schema is that of the message which a trace is.
func schema(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	path := os.Getenv(officialEnv)
	if path == "" {
		path = "testdata/subset.proto"
	}
	return compiled(t, path).Messages().ByName("Trace")
}

func compiled(t testing.TB, path string) protoreflect.FileDescriptor {
	t.Helper()
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{filepath.Dir(path)}})}
	files, err := c.Compile(t.Context(), filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// TestSubsetAgrees holds the subset to Perfetto's own schema.
func TestSubsetAgrees(t *testing.T) {
	path := os.Getenv(officialEnv)
	if path == "" {
		t.Skip(officialEnv + " names no perfetto_trace.proto: the subset is taken as it is")
	}
	official, subset := compiled(t, path), compiled(t, "testdata/subset.proto")
	messagesAgree(t, subset.Messages(), official.Messages())
	enumsAgree(t, subset.Enums(), official.Enums())
}

func messagesAgree(t *testing.T, ours, theirs protoreflect.MessageDescriptors) {
	for i := range ours.Len() {
		our, their := ours.Get(i), theirs.ByName(ours.Get(i).Name())
		if their == nil {
			t.Errorf("no message %s", our.FullName())
			continue
		}
		for j := range our.Fields().Len() {
			a, b := our.Fields().Get(j), their.Fields().ByName(our.Fields().Get(j).Name())
			if b == nil {
				t.Errorf("no field %s", a.FullName())
				continue
			}
			if a.Number() != b.Number() || a.Kind() != b.Kind() || a.Cardinality() != b.Cardinality() || a.IsPacked() != b.IsPacked() {
				t.Errorf("%s is not as Perfetto's: %v %v %v, %v %v %v", a.FullName(), a.Number(), a.Kind(), a.Cardinality(), b.Number(), b.Kind(), b.Cardinality())
			}
			if a.Message() != nil && a.Message().FullName() != b.Message().FullName() || a.Enum() != nil && a.Enum().FullName() != b.Enum().FullName() {
				t.Errorf("%s is of another type than Perfetto's", a.FullName())
			}
		}
		messagesAgree(t, our.Messages(), their.Messages())
		enumsAgree(t, our.Enums(), their.Enums())
	}
}

func enumsAgree(t *testing.T, ours, theirs protoreflect.EnumDescriptors) {
	for i := range ours.Len() {
		our, their := ours.Get(i), theirs.ByName(ours.Get(i).Name())
		if their == nil {
			t.Errorf("no enum %s", our.FullName())
			continue
		}
		for j := range our.Values().Len() {
			a := our.Values().Get(j)
			if b := their.Values().ByName(a.Name()); b == nil || b.Number() != a.Number() {
				t.Errorf("%s is not Perfetto's", a.FullName())
			}
		}
	}
}

// packets reads a trace by the schema: every field must be known, every enum have
// a name, every text be UTF-8.
func packets(t testing.TB, schema protoreflect.MessageDescriptor, trace []byte) []protoreflect.Message {
	t.Helper()
	root := dynamicpb.NewMessage(schema)
	if err := proto.Unmarshal(trace, root); err != nil {
		t.Fatal(err)
	}
	strict(t, root)
	var out []protoreflect.Message
	list := root.Get(root.Descriptor().Fields().ByName("packet")).List()
	for i := range list.Len() {
		out = append(out, list.Get(i).Message())
	}
	return out
}

func strict(t testing.TB, m protoreflect.Message) {
	if len(m.GetUnknown()) > 0 {
		t.Fatalf("%s holds what the schema does not know: %x", m.Descriptor().FullName(), m.GetUnknown())
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !f.IsList() {
			strictValue(t, f, v)
			return true
		}
		for i := range v.List().Len() {
			strictValue(t, f, v.List().Get(i))
		}
		return true
	})
}

func strictValue(t testing.TB, f protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch f.Kind() {
	case protoreflect.MessageKind:
		strict(t, v.Message())
	case protoreflect.EnumKind:
		if f.Enum().Values().ByNumber(v.Enum()) == nil {
			t.Fatalf("%s is %d: not a value", f.FullName(), v.Enum())
		}
	case protoreflect.StringKind:
		if !utf8.ValidString(v.String()) {
			t.Fatalf("%s is %q: not UTF-8", f.FullName(), v.String())
		}
	case protoreflect.BytesKind:
		if !utf8.Valid(v.Bytes()) {
			t.Fatalf("%s is %q: not UTF-8", f.FullName(), v.Bytes())
		}
	}
}
