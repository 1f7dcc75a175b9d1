package timeline

import "whyres/collector/explain"

// limits adds the advice for GOMEMLIMIT and GOGC of a single look: it would hide
// what a trace or a watch is about.
func (p *printer) limits(v *explain.Verdict) {
	if v.Trace != nil || v.Limits == nil || p.options.Brief {
		return
	}
	says := v.Limits.Short
	if p.options.Verbose {
		says = v.Limits.Says
	}
	if len(says) == 0 {
		return
	}
	p.blank()
	p.sayings("Limits: ", says)
}
