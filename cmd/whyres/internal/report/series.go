package report

// maxReadings is how many readings of one line a page holds.
const maxReadings = 40_000

// series is a number that was read at instants; between two readings it is taken
// to be as it was last read. Instants are ns since the trace began.
type series struct {
	at    []int64
	value []int64
	limit int
	// read counts the readings, width is the length of time that at most four
	// are kept of: the first, the least, the greatest and the last. 0: all.
	read  uint64
	width int64
}

// unknown is a value that was not read: a gap in the line.
const unknown = -1

// add takes a reading. Of equal ones in a row the first and the last stay, which
// loses nothing.
func (s *series) add(at, value int64) {
	n := len(s.at)
	if n > 0 {
		at = max(at, s.at[n-1]) // calls of several threads overlap
	}
	s.read++
	if n > 1 && s.value[n-1] == value && s.value[n-2] == value {
		s.at[n-1] = at
		return
	}
	s.at, s.value = append(s.at, at), append(s.value, value)
	if len(s.at) >= 2*s.limit {
		s.thin()
	}
}

// finish keeps no more than the limit.
func (s *series) finish() {
	if len(s.at) > s.limit {
		s.thin()
	}
}

func (s *series) thin() {
	n := len(s.at)
	begin := s.at[0]
	s.width = max(2*s.width, (s.at[n-1]-begin)/int64(max(s.limit/4-1, 1))+1)
	kept := 0
	for i := 0; i < n; {
		end, bucket := i, (s.at[i]-begin)/s.width
		for end < n && (s.at[end]-begin)/s.width == bucket {
			end++
		}
		for _, k := range s.extremes(i, end) {
			s.at[kept], s.value[kept] = s.at[k], s.value[k]
			kept++
		}
		i = end
	}
	s.at, s.value = s.at[:kept], s.value[:kept]
}

// extremes are the first, the least, the greatest and the last of some readings, in
// their order and each once.
func (s *series) extremes(from, to int) []int {
	least, greatest := from, from
	for i := from; i < to; i++ {
		if s.value[i] < s.value[least] {
			least = i
		}
		if s.value[i] > s.value[greatest] {
			greatest = i
		}
	}
	out := []int{from}
	for _, k := range [...]int{min(least, greatest), max(least, greatest), to - 1} {
		if k > out[len(out)-1] {
			out = append(out, k)
		}
	}
	return out
}
