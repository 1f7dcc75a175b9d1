package mem

// RES that moves further than this while a full look is taken makes its parts
// those of different instants.
const (
	movedLeft = 256 << 10 // bytes, or
	movedPart = 100       // one part of RES in so many
)

// Unsteady reports whether RES moved too far while the sample was read: its
// parts are off by about as much.
func (s *Sample) Unsteady() bool {
	return max(s.Moved, -s.Moved) > max(movedLeft, s.RSS.Total()/movedPart)
}
