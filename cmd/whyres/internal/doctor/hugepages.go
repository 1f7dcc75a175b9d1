package doctor

import "strconv"

const thpDir = "sys/kernel/mm/transparent_hugepage/"

// hugePages tells the settings of transparent huge pages, and what they do to
// memory that Go releases.
func (h *Host) hugePages() []Check {
	const id = "thp"
	text, err := h.read(thpDir + "enabled")
	mode := chosen(text)
	switch {
	case absent(err):
		return []Check{ok(id, "not part of this kernel")}
	case err != nil || mode == "":
		return []Check{unknown(id, "the setting cannot be read", "")}
	}
	out := []Check{info(id, "enabled: "+mode, meansTHP(mode))}
	if defrag, err := h.read(thpDir + "defrag"); err == nil && mode != "never" {
		out = append(out, info("thp_defrag", "defrag: "+chosen(defrag), meansDefrag(chosen(defrag))))
	}
	if mode == "never" {
		return out
	}
	return append(out, h.khugepaged(mode))
}

func meansTHP(mode string) string {
	switch mode {
	case "always":
		return "a first touch can bring 2 MiB into RES, and khugepaged can bring back what Go released"
	case "madvise":
		return "only memory that asks for huge pages gets them: Go 1.21.4 and newer do not ask, older ones do"
	case "never":
		return "no huge page will grow RES"
	}
	return ""
}

func meansDefrag(mode string) string {
	if mode == "always" {
		return "a page fault may wait until memory is compacted for a huge page"
	}
	return ""
}

// khugepaged fills holes of up to max_ptes_none pages.
func (h *Host) khugepaged(mode string) Check {
	const id = "khugepaged"
	text, err := h.read(thpDir + "khugepaged/max_ptes_none")
	holes, parseErr := strconv.Atoi(text)
	found := "max_ptes_none: " + text
	switch {
	case err != nil || parseErr != nil:
		return unknown(id, "max_ptes_none cannot be read", "")
	case holes == 0:
		return ok(id, found+": it fills no hole that Go released")
	}
	c := info(id, found, "where huge pages are asked for, it fills up to "+text+" released pages of 512 to make one: RES grows back without any call")
	if mode == "always" {
		c.Means = "it fills up to " + text + " released pages of 512 to make a huge page: RES grows back without any call"
		c.Remedy = "echo 0 | sudo tee /sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none; or start the program with GODEBUG=disablethp=1 (Go 1.21.6 or newer)"
	}
	return c
}
