package timeline

import "whyres/collector/mem"

// refusedRow tells of calls that returned an errno, and what they did all the
// same: madvise works on what it can before it fails.
func (g *grouper) refusedRow(b *burst, r row) row {
	r.sign, r.word, r.tone = signTrouble, "refused", toneTrouble
	errno, why := clean(b.key.errno, 24), errnoText(b.key, g.memLock)
	first := b.what(": " + errno)
	if why != "" {
		first.full += " (" + why + ")"
	}
	r.text = []clause{first}
	switch {
	case b.key.advice != "":
		r.text = append(r.text, say("asked"+glue+amount(clampInt(b.asked))+", "+leftRES(b.left)))
	case b.asked > 0:
		r.text = append(r.text, say(usize(b.asked)))
	}
	return r
}

// unseenRow tells of calls that were not seen returning: they may have done
// what they were asked to, or nothing.
func unseenRow(b *burst, r row) row {
	r.sign, r.word, r.tone = signUnseen, "unseen", toneTrouble
	rest := ": its return was not seen"
	if b.n > 1 {
		rest = ": their returns were not seen"
	}
	r.text = []clause{b.what(rest)}
	if b.asked > 0 {
		r.text = append(r.text, say("asked"+glue+usize(b.asked)))
	}
	return r
}

// errnoText says what the errno proves, after madvise(2) and mmap(2), and no more. locked
// is how much memory the last sample saw locked, in bytes.
func errnoText(k key, locked uint64) string {
	advises := k.call == mem.Madvise || k.call == mem.ProcessMadvise
	switch {
	case advises && k.errno == "ENOMEM":
		return "part of the range is not mapped; the rest was done"
	case advises && k.errno == "EINVAL" && dontNeed(k.advice) && locked > 0:
		return usize(locked) + " of the process is locked memory"
	}
	switch k.errno {
	case "EINVAL":
		return "invalid argument"
	case "ENOMEM":
		return "no memory, or a limit was reached"
	case "EPERM":
		return "not permitted"
	case "EACCES":
		return "access denied"
	case "ENOSYS":
		return "no such call here"
	case "EAGAIN":
		return "try again"
	case "EEXIST":
		return "something is mapped there"
	case "EBADF":
		return "bad file descriptor"
	case "ENODEV":
		return "this file cannot be mapped"
	case "EBUSY":
		return "busy"
	case "EINTR":
		return "interrupted"
	}
	return ""
}

func dontNeed(advice string) bool { return advice == "MADV_DONTNEED" || advice == "MADV_FREE" }
