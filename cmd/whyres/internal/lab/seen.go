package lab

// endPart of the time to settle is its end, too short to see what an order does: the
// GC it may begin, the calls, and RES after them.
const endPart = 20

// Seen reports whether what an order does so long after the burst can be seen when
// the target is watched for settle, both in ns.
func Seen(after, settle int64) bool { return after < settle-settle/endPart }

// seen reports whether any of the setting's orders is, or it has none.
func (s *Setting) seen(settle int64) bool {
	for _, o := range s.Orders {
		if Seen(o.After, settle) {
			return true
		}
	}
	return len(s.Orders) == 0 || settle == 0
}
