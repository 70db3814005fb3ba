package commands

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Page is the help of every command as one page.
func Page(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("<!-- Made by `make docs` from the program's own tables. Change those, not this file. -->\n\n# Command line\n\n")
	b.WriteString("What a program would read goes to standard output, what a person watches to standard error.\n")
	b.WriteString("The exit status is 0 when all is fine, 1 for findings and failed tests, 2 for wrong usage and broken input.\n\n")
	b.WriteString("| command | |\n|---|---|\n")
	each(root, func(c *cobra.Command) {
		if c != root {
			fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
		}
	})
	each(root, func(c *cobra.Command) {
		fmt.Fprintf(&b, "\n## %s\n\n", c.CommandPath())
		text := c.Long
		if text == "" {
			text = c.Short
		}
		fmt.Fprintf(&b, "```\n%s\n", strings.TrimSpace(text))
		if c.Runnable() && c != root {
			fmt.Fprintf(&b, "\n%s\n", c.UseLine())
		}
		if c.Example != "" {
			fmt.Fprintf(&b, "\n%s\n", strings.Trim(c.Example, "\n"))
		}
		if flags := c.NonInheritedFlags().FlagUsagesWrapped(110); flags != "" {
			fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(flags, "\n"))
		}
		b.WriteString("```\n")
	})
	return b.String()
}

// each visits the commands that help shows, but for the ones that cobra itself adds.
func each(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if !sub.Hidden && sub.Name() != "help" && sub.Name() != "completion" {
			each(sub, visit)
		}
	}
}
