package main

import "github.com/spf13/cobra"

// plainFlags are the flags of commands that show a table.
func (d *display) plainFlags(c *cobra.Command, asJSON string) {
	c.Flags().StringVar(&d.color, "color", "auto", "colours: auto, always or never (auto: on a terminal, unless NO_COLOR is set)")
	c.Flags().BoolVar(&d.json, "json", false, asJSON)
	_ = c.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
}

// takesNone refuses arguments.
func takesNone(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("whyres %s takes no argument, got %q", command, args[0])
		}
		return nil
	}
}
