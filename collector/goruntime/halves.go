package goruntime

import (
	"sort"

	"whyres/collector/mem"
)

// halves says what is behind a page's two halves of 4 KiB, the smallest page of
// a kernel that Go runs on: two bits each, the lower half's first.
type halves uint8

// What is behind a half: nothing, or 1 + mem.PageKind.
const (
	halfSize = 4 << 10
	halfBits = 2
	halfMask = 1<<halfBits - 1
	// halvesCases is how many values halves has.
	halvesCases = 1 << (2 * halfBits)
)

func halfOf(kind mem.PageKind) halves { return (1 + halves(kind)) & halfMask }

// of is what is behind the lower (0) or upper (1) half.
func (h halves) of(half int) halves { return h >> (halfBits * half) & halfMask }

// amount is what the page adds to an amount: 8 KiB, and what is behind them.
func (h halves) amount() mem.Amount {
	a := mem.Amount{Bytes: pageSize}
	for half := range 2 {
		a = sum(a, behindAmount(h.of(half), halfSize))
	}
	return a
}

// behindAmount is bytes of one kind, without the bytes themselves.
func behindAmount(half halves, bytes uint64) mem.Amount {
	switch half {
	case halfOf(mem.PageSmall):
		return mem.Amount{Resident: bytes}
	case halfOf(mem.PageHuge):
		return mem.Amount{Resident: bytes, Huge: bytes}
	case halfOf(mem.PageZero):
		return mem.Amount{Zero: bytes}
	}
	return mem.Amount{}
}

func sum(a, b mem.Amount) mem.Amount {
	return mem.Amount{Bytes: a.Bytes + b.Bytes, Resident: a.Resident + b.Resident, Huge: a.Huge + b.Huge, Zero: a.Zero + b.Zero}
}

// rest is a without its part b.
func rest(a, b mem.Amount) mem.Amount {
	return mem.Amount{Bytes: a.Bytes - b.Bytes, Resident: a.Resident - b.Resident, Huge: a.Huge - b.Huge, Zero: a.Zero - b.Zero}
}

// halvesTable is the amounts of all cases, to look up page by page.
func halvesTable() (table [halvesCases]mem.Amount) {
	for i := range table {
		table[i] = halves(i).amount()
	}
	return table
}

// setBehind notes what is behind a run of present pages.
func (m *pageMap) setBehind(r mem.Range, kind mem.PageKind) {
	half := halfOf(kind)
	both := half | half<<halfBits
	i := sort.Search(len(m.arenas), func(i int) bool { return r.Start < m.arenas[i].End })
	for ; i < len(m.arenas) && m.arenas[i].Start < r.End; i++ {
		part := r.Intersect(m.arenas[i])
		behind := m.behind[m.first[i]:]
		at := int((part.Start - m.arenas[i].Start) / halfSize)
		end := int((part.End - m.arenas[i].Start) / halfSize)
		if at < end && at%2 == 1 {
			behind[at/2] = behind[at/2]&halfMask | half<<halfBits
			at++
		}
		for ; at+1 < end; at += 2 {
			behind[at/2] = both
		}
		if at < end {
			behind[at/2] = behind[at/2]&^halfMask | half
		}
	}
}
