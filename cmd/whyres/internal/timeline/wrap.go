package timeline

import "strings"

// between stands between the clauses of a text.
const between = " · "

// wrapClauses sets clauses into lines of w columns; w <= 0 is no limit. A
// clause is kept whole where a line can hold it, and never broken at glue, so
// that no number is parted from its unit.
func wrapClauses(clauses []string, w int) []string {
	if w <= 0 {
		return []string{strings.Join(clauses, between)}
	}
	var lines []string
	line := ""
	for _, clause := range clauses {
		if line != "" && width(line)+width(between)+width(clause) <= w {
			line += between + clause
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		broken := wrapWords(clause, w)
		lines = append(lines, broken[:len(broken)-1]...)
		line = broken[len(broken)-1]
	}
	return append(lines, line)
}

// wrapWords breaks one clause at its spaces; a word longer than a line loses
// its middle.
func wrapWords(clause string, w int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(clause, " ") {
		word = cutMiddle(word, max(w, 8))
		switch {
		case line == "":
			line = word
		case width(line)+1+width(word) <= w:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
