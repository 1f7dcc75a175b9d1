package collector

import "whyres/collector/mem"

// look is what one look at the process brought.
type look struct {
	sample mem.Sample
	marks  []mem.Mark
	err    error
}

// request asks the sampler for a look; renew says that the process has
// executed another program since the last one.
type request struct {
	order Order
	renew bool
}

// sampler looks when it is asked to, one look at a time, until the requests
// end.
type sampler struct {
	looker   Looker
	requests <-chan request
	out      chan<- look
}

func (s sampler) run() {
	defer close(s.out)
	for r := range s.requests {
		if r.renew {
			s.looker.Renew()
		}
		sample, marks, err := s.looker.Look(r.order)
		s.out <- look{sample: sample, marks: marks, err: err}
	}
}
