package main

import (
	"strings"

	"github.com/spf13/cobra"

	"whyres/cmd/whyres/internal/timeline"
	"whyres/collector/explain/causes"
)

// causeList asks for all pages' names in place of one page.
const causeList = "list"

// causePage is what explain --cause ID --json prints.
type causePage struct {
	Schema string `json:"schema"`
	ID     string `json:"id"`
	causes.Page
}

// printCause prints the page of a cause, or the list of all.
func printCause(s streams, d display, id string) error {
	all := causes.All()
	if id == causeList {
		if d.json {
			for i := range all {
				if err := printJSON(s.out, causePage{"whyres/cause/1", all[i].ID, all[i].Page}); err != nil {
					return err
				}
			}
			return nil
		}
		return timeline.Pages(s.out, d.options(s.out), all)
	}
	c, ok := causes.ByID(id)
	switch {
	case !ok:
		return usage("--cause %q: no such cause; whyres explain --cause list names all", timeline.Clean(id, 40))
	case d.json:
		return printJSON(s.out, causePage{"whyres/cause/1", c.ID, c.Page})
	}
	return timeline.Page(s.out, d.options(s.out), &c)
}

// completeCause offers the causes with what each is.
func completeCause(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	out := []string{causeList + "\tall causes"}
	for _, c := range causes.All() {
		if strings.HasPrefix(c.ID, typed) {
			out = append(out, c.ID+"\t"+c.Page.What)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
