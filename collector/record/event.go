package record

import (
	"strconv"

	"whyres/collector/mem"
)

// appendEvent appends e as one JSON object, without a newline. Events are the
// hot path, so this is written by hand; TestEventEncoderAgrees holds it to what
// encoding/json makes of the same struct.
func appendEvent(b []byte, e *mem.Event) []byte {
	b = append(b, `{"type":"event","t":`...)
	b = strconv.AppendInt(b, int64(e.At), 10)
	b = appendInt(b, `,"dur_ns":`, e.Dur)
	b = appendInt(b, `,"pid":`, int64(e.PID))
	b = appendInt(b, `,"tid":`, int64(e.TID))
	b = appendText(b, `,"call":`, string(e.Call))
	b = appendAddr(b, `,"addr":`, e.Addr)
	b = appendUint(b, `,"len":`, e.Len)
	b = appendArguments(b, e)
	b = appendInt(b, `,"ret":`, e.Ret)
	b = appendText(b, `,"errno":`, e.Errno)
	b = appendRSS(b, `,"rss_before":`, e.Before)
	b = appendRSS(b, `,"rss_after":`, e.After)
	b = appendInt(b, `,"attributed":`, e.Attributed)
	if e.ToAllocator != nil {
		b = appendInt(b, `,"to_allocator":`, *e.ToAllocator)
	}
	if e.Go != (mem.GoCounters{}) {
		b = appendGo(b, e.Go)
	}
	b = appendText(b, `,"who":`, string(e.Who))
	b = appendTexts(b, `,"stack":`, e.Stack)
	b = appendTexts(b, `,"notes":`, e.Notes)
	return append(b, '}')
}

// appendArguments appends the fields that only some of the calls have, where
// they are not zero.
func appendArguments(b []byte, e *mem.Event) []byte {
	if e.Advice != "" {
		b = appendText(b, `,"advice":`, e.Advice)
	}
	b = appendNonZero(b, `,"prot":`, uint64(e.Prot))
	b = appendNonZero(b, `,"map_flags":`, uint64(e.MapFlags))
	if e.FD != 0 {
		b = appendInt(b, `,"fd":`, int64(e.FD))
	}
	b = appendNonZero(b, `,"offset":`, e.Offset)
	b = appendNonZero(b, `,"new_len":`, e.NewLen)
	b = appendNonZero(b, `,"remap_flags":`, uint64(e.RemapFlags))
	if e.NewAddr != 0 {
		b = appendAddr(b, `,"new_addr":`, e.NewAddr)
	}
	if e.TargetFD != 0 {
		b = appendInt(b, `,"target_fd":`, int64(e.TargetFD))
	}
	b = appendNonZero(b, `,"vectors":`, e.Vectors)
	if e.Name != "" {
		b = appendText(b, `,"name":`, e.Name)
	}
	return b
}

func appendRSS(b []byte, name string, r mem.RSS) []byte {
	b = append(b, name...)
	b = appendInt(b, `{"anon":`, r.Anon)
	b = appendInt(b, `,"file":`, r.File)
	b = appendInt(b, `,"shmem":`, r.Shmem)
	if r.Swap != 0 {
		b = appendInt(b, `,"swap":`, r.Swap)
	}
	return append(b, '}')
}

func appendGo(b []byte, g mem.GoCounters) []byte {
	b = appendUint(b, `,"go":{"heap_inuse":`, g.HeapInuse)
	b = appendUint(b, `,"heap_released":`, g.HeapReleased)
	b = appendUint(b, `,"heap_free":`, g.HeapFree)
	return append(b, '}')
}

func appendInt(b []byte, name string, v int64) []byte {
	return strconv.AppendInt(append(b, name...), v, 10)
}

func appendUint(b []byte, name string, v uint64) []byte {
	return strconv.AppendUint(append(b, name...), v, 10)
}

func appendNonZero(b []byte, name string, v uint64) []byte {
	if v == 0 {
		return b
	}
	return appendUint(b, name, v)
}

func appendAddr(b []byte, name string, a mem.Addr) []byte {
	b = append(append(b, name...), `"0x`...)
	return append(strconv.AppendUint(b, uint64(a), 16), '"')
}

func appendText(b []byte, name, s string) []byte {
	return appendString(append(b, name...), s)
}

func appendTexts(b []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(b, name...), '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}
