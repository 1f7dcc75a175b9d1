package timeline

// clause is a part of a row's text: in full, and for a narrow line. An empty
// short form is left out there.
type clause struct {
	full, short string
}

// say is a clause that has one form.
func say(text string) clause { return clause{full: text, short: text} }

// texts are the clauses in one of their forms.
func texts(clauses []clause, short bool) []string {
	var out []string
	for _, c := range clauses {
		text := c.full
		if short {
			text = c.short
		}
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// fit sets the clauses into lines of w columns (w <= 0: no limit): in full if
// that is one line, else in their short forms.
func fit(clauses []clause, w int) []string {
	lines := wrapClauses(texts(clauses, false), w)
	if len(lines) == 1 {
		return lines
	}
	return wrapClauses(texts(clauses, true), w)
}
