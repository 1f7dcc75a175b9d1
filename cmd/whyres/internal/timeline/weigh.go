package timeline

import (
	"math"
	"slices"
	"time"
)

// A row's change must be its own: calls that overlap, and pages that are touched
// meanwhile, move RES together. A row whose calls did not make the change shows
// none; the last of rows that overlap shows that of all of them, and what no
// call made gets a row of its own.

// withholdLongest is how long changes wait for the last of the rows that
// overlap: a busy program's may do so without an end.
const withholdLongest = 4 * time.Second

// grows reports whether RES may well grow beside the burst's calls by pages
// that are touched: "grew" says so.
func (b *burst) grows() bool {
	switch b.key.class {
	case classMap, classMapFile, classMove, classBrk:
		return true
	case classAdvise:
		return bringsIn(b.key.advice)
	}
	return false
}

// bringsIn: the advice asks for pages to be there. Others (MADV_HUGEPAGE, MADV_COLD)
// only say how memory is used: what is touched after them is not their doing.
func bringsIn(advice string) bool {
	switch advice {
	case "MADV_WILLNEED", "MADV_POPULATE_READ", "MADV_POPULATE_WRITE", "MADV_COLLAPSE":
		return true
	}
	return false
}

// weigh decides whether the burst's row shows its change; apart is true where a
// row for what no call did must follow. later are the bursts that are told after it.
func (g *grouper) weigh(b *burst, later ...[]*burst) (apart bool) {
	if b.child {
		return false
	}
	switch b.key.kind {
	case kindCall:
	case kindGC, kindFork, kindEnd, kindExit, kindCollapse:
		b.hidden = g.withheld.resKnown || b.key.kind != kindCollapse && g.known(b) &&
			abs(b.st.res()-g.shown.res()) >= threshold(g.shown.res())
		return false
	default:
		return false
	}
	if g.withheld.at > b.st.at {
		b.st, b.nested = g.withheld, g.withheld.at < g.shown.at
	}
	if b.nested || !g.known(b) || g.fits(b) {
		return false
	}
	if overlaps(b, later) && b.st.at.Sub(g.shown.at) < withholdLongest {
		b.hidden, g.withheld = true, b.st
		return false
	}
	if abs(driftOf(&g.shown, &b.st).certain()) < threshold(g.shown.res()) {
		return false
	}
	b.hidden = true
	return !g.verbose
}

// known reports whether the row has a change at all.
func (g *grouper) known(b *burst) bool { return g.shown.resKnown && b.st.resKnown }

// fits reports whether the change is what the burst's own calls did.
func (g *grouper) fits(b *burst) bool {
	change, limit := b.st.res()-g.shown.res(), threshold(g.shown.res())
	least, most := -b.left-limit, -b.left+limit
	if b.grows() {
		most = math.MaxInt64
	}
	if b.unmeasured > 0 {
		least -= min(clampInt(b.asked), mostDoubt)
	}
	return least < change && change < most
}

// besides reports whether the row shows the change of other rows too.
func (g *grouper) besides(b *burst) bool { return g.known(b) && !g.fits(b) }

// overlaps reports whether a later burst's calls began before the burst's end.
func overlaps(b *burst, later [][]*burst) bool {
	for _, o := range slices.Concat(later...) {
		if o.key.kind == kindCall && !o.child && o.worth() && o.start <= b.st.at {
			return true
		}
	}
	return false
}
