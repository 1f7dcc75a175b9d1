package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"whyres/collector/ledger"
)

// end leaves out what only one that lives can do or be asked.
func (v *Verdict) end(ended bool) {
	if v.Ended = ended; !ended {
		return
	}
	for i := range v.Causes {
		c := &v.Causes[i]
		c.Ask = nil
		c.Remedy = slices.DeleteFunc(slices.Clone(c.Remedy), func(text string) bool { return strings.HasPrefix(text, "wait") })
	}
}

// endedSentence goes before what is told of a process that has ended.
func endedSentence(v *Verdict) string {
	text := "The process has ended"
	if res := ledger.Size(v.RES); v.SampleAge >= int64(agedSample) {
		return fmt.Sprintf("%s; %s before the end RES was %s, and what follows is of then.", text, ledger.Lasted(time.Duration(v.SampleAge)), res)
	}
	return text + "; what follows is of its last moment."
}

// agedSample is from when on a sample is told to be of another time than the end.
const agedSample = 100 * time.Millisecond

// aged is how long before the end of a trace the sample was taken, 0 where that is
// now.
func (v *Verdict) aged() time.Duration {
	if age := time.Duration(v.SampleAge); v.Trace != nil && age >= agedSample {
		return age
	}
	return 0
}

// gcAge is how long ago the last GC was, as people say it: "12 s ago", of a
// trace whose sample is of before its end "15 s before the end"; "" where unknown.
func (v *Verdict) gcAge() string {
	age := v.aged()
	switch {
	case v.LastGCAgo <= 0:
		return ""
	case age > 0 || v.Ended:
		return ledger.Lasted(time.Duration(v.LastGCAgo)+age) + " before the end"
	}
	return ledger.Lasted(time.Duration(v.LastGCAgo)) + " ago"
}

// past puts a sentence's first words into the past, and leaves out what can not be
// any more.
func past(text string) string {
	for _, words := range [...][2]string{{" are ", " were "}, {" wait for ", " waited for "}, {", which may give them back now", ""}} {
		text = strings.Replace(text, words[0], words[1], 1)
	}
	return text
}
