package report

import (
	"cmp"
	"slices"
	"strings"

	"whyres/collector/ledger"
)

func layerFamily(id string) string {
	family, _, _ := strings.Cut(id, ".")
	return family
}

// sortLayers puts what is in use at the bottom and what could go back on top of it,
// so that the curve that falls is the one that is looked for.
func sortLayers(list []layer) {
	order := []string{
		ledger.FileExe, ledger.FileMapped, ledger.File, ledger.Shmem, ledger.Metadata, ledger.Threads, ledger.CgoHeap, ledger.OffHeap,
		ledger.Anon, ledger.StacksInUse, ledger.HeapLive, ledger.HeapUnsure, ledger.HeapObjects, ledger.HeapUndivided, ledger.HeapGarbage,
		ledger.HeapHoles, ledger.StacksDead, ledger.StacksIdle, ledger.HeapReserved, ledger.HeapIdle, ledger.HeapReleased, ledger.Unexplained,
	}
	place := func(id string) int {
		if i := slices.Index(order, id); i >= 0 {
			return i
		}
		return len(order) - 2 // below what is not explained
	}
	slices.SortFunc(list, func(a, b layer) int {
		return cmp.Or(cmp.Compare(place(a.ID), place(b.ID)), cmp.Compare(a.ID, b.ID))
	})
}
