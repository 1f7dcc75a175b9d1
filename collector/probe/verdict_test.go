package probe

import "testing"

func ptr[T any](v T) *T { return &v }

func TestJudge(t *testing.T) {
	const mib, page = 1 << 20, 4096
	no, yes := ptr(false), ptr(true)
	for name, c := range map[string]struct {
		r    Result
		want Verdict
	}{
		"all freed":                   {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -8 * mib, ToAllocator: ptr[int64](8 * mib)}, Freed},
		"a CPU's batch is late":       {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -8 * mib, ToAllocator: ptr[int64](8*mib - 31*page)}, Freed},
		"allocator not seen":          {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -8 * mib}, Freed},
		"allocator got nothing":       {Result{Asked: 4 * mib, RSSBefore: 8 * mib, RSSChange: -4 * mib, ToAllocator: ptr[int64](0)}, LeftRES},
		"allocator got two pages":     {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -8 * mib, ToAllocator: ptr[int64](2 * page)}, LeftRES},
		"allocator got half":          {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -8 * mib, ToAllocator: ptr[int64](4 * mib)}, Partly},
		"half left":                   {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -4 * mib}, Partly},
		"half left, and an error":     {Result{Asked: 8 * mib, RSSBefore: 8 * mib, RSSChange: -4 * mib, Errno: "ENOMEM"}, Partly},
		"a hole, all mapped is gone":  {Result{Size: 8 * mib, Asked: 8 * mib, RSSBefore: 7 * mib, RSSChange: -7 * mib, Errno: "ENOMEM", ToAllocator: ptr[int64](7 * mib)}, FreedWithError},
		"refused":                     {Result{Asked: 8 * mib, RSSBefore: 8 * mib, Errno: "EINVAL", Supported: yes}, Refused},
		"refused, support not asked":  {Result{Asked: 8 * mib, RSSBefore: 8 * mib, Errno: "EINVAL"}, Refused},
		"not known to the kernel":     {Result{Asked: 8 * mib, RSSBefore: 8 * mib, Errno: "EINVAL", Supported: no}, Unsupported},
		"no such call":                {Result{Asked: 8 * mib, RSSBefore: 8 * mib, Errno: "ENOSYS"}, Unsupported},
		"lazily freed":                {Result{Asked: 8 * mib, RSSBefore: 8 * mib, LazyFreeChange: 8 * mib}, Lazy},
		"lazily freed but a page":     {Result{Asked: 8 * mib, RSSBefore: 8 * mib, LazyFreeChange: 8*mib - page}, Lazy},
		"came back":                   {Result{Asked: 4 * mib, RSSBefore: 8 * mib, RSSChange: -4 * mib, ToAllocator: ptr[int64](0), LaterRSSChange: ptr[int64](4 * mib)}, CameBack},
		"waited, nothing came back":   {Result{Asked: 4 * mib, RSSBefore: 8 * mib, RSSChange: -4 * mib, ToAllocator: ptr[int64](0), LaterRSSChange: ptr[int64](0)}, LeftRES},
		"huge pages split":            {Result{Asked: 8 * mib, RSSBefore: 8 * mib, THPChange: -8 * mib}, Split},
		"split on the way out of RES": {Result{Asked: 4 * mib, RSSBefore: 8 * mib, RSSChange: -4 * mib, THPChange: -8 * mib, ToAllocator: ptr[int64](0)}, LeftRES},
		"small pages merged":          {Result{Asked: 8 * mib, RSSBefore: 8 * mib, THPChange: 2 * mib}, Merged},
		"grew":                        {Result{Asked: 8 * mib, RSSBefore: 4 * mib, RSSChange: 4 * mib, THPChange: 8 * mib}, Grew},
		"grew, and an error":          {Result{Asked: 8 * mib, RSSBefore: 4 * mib, RSSChange: 2 * mib, Errno: "EAGAIN"}, Grew},
		"nothing was there":           {Result{Asked: 8 * mib, ToAllocator: ptr[int64](0)}, NoEffect},
		"nothing changed":             {Result{Asked: 8 * mib, RSSBefore: 8 * mib}, NoEffect},
		"not measured":                {Result{Unknown: "no huge pages"}, NotMeasured},
	} {
		if got := Judge(&c.r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
