package report

import (
	"fmt"

	"whyres/collector/ledger"
	"whyres/collector/mem"
)

// data is what the page's charts draw of one recording: instants in ns since the
// trace began, sizes in bytes.
type data struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Wall is when the trace began, in ms since 1970; 0 where that is not known.
	Wall int64 `json:"wall_ms"`
	End  int64 `json:"end"`
	// BurstEnd is when a lab's burst was over; null where there was none.
	BurstEnd *int64 `json:"burst_end"`
	// Again: another run of the same setting is there before it.
	Again    bool       `json:"again,omitempty"`
	RES      line       `json:"res"`
	Stats    []line     `json:"stats"`
	Kinds    []kindData `json:"kinds"`
	Marks    marks      `json:"marks"`
	Ledger   layers     `json:"ledger"`
	Space    space      `json:"space"`
	Foretold []Foretold `json:"foretold"`
}

// line is one curve. Read is how many readings it is made of, Width the length of
// time in which at most four of them are kept, 0 for all.
type line struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	At    column `json:"at"`
	Value column `json:"value"`
	Read  uint64 `json:"read"`
	Width int64  `json:"width"`
}

func lineOf(id, name string, s *series) line {
	s.finish()
	return line{ID: id, Name: name, At: columnOf(s.at), Value: withGaps(s.value), Read: s.read, Width: s.width}
}

// kindData is a kind in words.
type kindData struct {
	Kind
	WhoName string `json:"who_name"`
}

// marks are the groups by column.
type marks struct {
	Kind  column `json:"kind"`
	From  column `json:"from"`
	To    column `json:"to"`
	Calls column `json:"calls"`
	Asked column `json:"asked"`
	Left  column `json:"left"`
	First column `json:"first"`
	Last  column `json:"last"`
	Width int64  `json:"width"`
}

func marksOf(g *groups) marks {
	g.finish()
	l := g.list
	return marks{
		Kind: pick(l, func(x *Group) int { return x.Kind }),
		From: pick(l, func(x *Group) int64 { return x.From }), To: pick(l, func(x *Group) int64 { return x.To }),
		Calls: pick(l, func(x *Group) uint64 { return x.Calls }),
		Asked: pick(l, func(x *Group) uint64 { return x.Asked }), Left: pick(l, func(x *Group) int64 { return x.Left }),
		First: pick(l, func(x *Group) uint32 { return x.First }), Last: pick(l, func(x *Group) uint32 { return x.Last }),
		Width: g.width,
	}
}

// layers are the parts of RES over the full samples; they sum to RES.
type layers struct {
	At     column  `json:"at"`
	RES    column  `json:"res"`
	Layers []layer `json:"layers"`
}

type layer struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	What  string `json:"what"`
	Bytes column `json:"bytes"`
}

func layersOf(list []look, words *Words) layers {
	out := layers{
		At:  pick(list, func(l *look) int64 { return l.at }),
		RES: pick(list, func(l *look) int64 { return l.res }), Layers: []layer{},
	}
	index := map[string]int{}
	for at := range list {
		for id, bytes := range list[at].layers() {
			i, seen := index[id]
			if !seen && bytes == 0 {
				continue
			}
			if !seen {
				i = len(out.Layers)
				index[id] = i
				out.Layers = append(out.Layers, layer{ID: id, Bytes: make(column, len(list))})
			}
			out.Layers[i].Bytes[at] = float64(bytes)
		}
		for _, p := range list[at].parts {
			if i, seen := index[p.ID]; seen {
				out.Layers[i].Name, out.Layers[i].What = words.layer(p), words.Clean(p.What, longestText)
			}
		}
	}
	sortLayers(out.Layers)
	return out
}

// layer names a part that stands without its parent.
func (w *Words) layer(p mem.Part) string {
	name := w.Part(p)
	switch layerFamily(p.ID) {
	case "heap":
		return "heap: " + name
	case "stacks":
		return "stacks: " + name
	}
	return name
}

// space is the address space over the full samples.
type space struct {
	Rows []spaceRow `json:"rows"`
}

type spaceRow struct {
	Label    string `json:"label"`
	Owner    owner  `json:"owner"`
	Peak     int64  `json:"peak"`
	Mapped   column `json:"mapped"`
	Resident column `json:"resident"`
	// Use divides a row of Go's heap; null for mappings.
	Use *useColumns `json:"use"`
}

// useColumns is what a row of the heap was used for, in bytes. Stacks has the memory
// that the runtime manages by hand too, Released what was never used.
type useColumns struct {
	InUse            column `json:"in_use"`
	Stacks           column `json:"stacks"`
	Idle             column `json:"idle"`
	IdleResident     column `json:"idle_resident"`
	Released         column `json:"released"`
	ReleasedResident column `json:"released_resident"`
}

func useOf(list []use) *useColumns {
	if list == nil {
		return nil
	}
	return &useColumns{
		InUse: pick(list, func(u *use) int64 { return u.inUse }), Stacks: pick(list, func(u *use) int64 { return u.stacks }),
		Idle: pick(list, func(u *use) int64 { return u.idle }), IdleResident: pick(list, func(u *use) int64 { return u.idleResident }),
		Released:         pick(list, func(u *use) int64 { return u.released }),
		ReleasedResident: pick(list, func(u *use) int64 { return u.releasedResident }),
	}
}

func spaceOf(list []look, words *Words) space {
	out := space{Rows: []spaceRow{}}
	for _, r := range rowsOf(list) {
		out.Rows = append(out.Rows, spaceRow{
			Label: r.label(words), Owner: r.owner, Peak: r.peak, Mapped: withGaps(r.mapped), Resident: withGaps(r.resident), Use: useOf(r.uses),
		})
	}
	return out
}

func (r *row) label(words *Words) string {
	switch {
	case r.rest > 0:
		return fmt.Sprintf("%d smaller mappings", r.rest)
	case r.name != "":
		return words.Clean(r.name, 60)
	}
	return fmt.Sprintf("%s %s, %s", r.owner.called(), r.Start, ledger.Size(int64(min(r.Len(), 1<<52))))
}

// called is what memory without a name is called.
func (o owner) called() string {
	switch o {
	case ownerHeap:
		return "Go heap"
	case ownerRuntime:
		return "Go runtime"
	case ownerStack:
		return "thread stack"
	case ownerC:
		return "malloc"
	case ownerShared:
		return "shared"
	case ownerFile, ownerOther:
	}
	return "anonymous"
}
