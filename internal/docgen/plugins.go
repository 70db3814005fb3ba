package docgen

import (
	"fmt"
	"strings"

	"quarry/kql/builtin"
)

// pluginsPage is the reference of evaluate's plug-ins.
func pluginsPage(plugins []builtin.Plugin) string {
	var b strings.Builder
	b.WriteString(made + "# Plug-ins of evaluate\n\nWritten `T | evaluate plugin(arguments)`. Every parameter may be given by its name.\n")
	for _, p := range plugins {
		fmt.Fprintf(&b, "\n## `%s`\n\n", p.Name())
		if p.Doc != "" {
			b.WriteString(p.Doc + "\n\n")
		}
		if p.Unsupported != "" {
			fmt.Fprintf(&b, "**Refused:** %s.\n\n", strings.TrimSuffix(p.Unsupported, "."))
		}
		fmt.Fprintf(&b, "```\n%s\n```\n", p.Sig)
		for _, x := range p.Examples {
			fmt.Fprintf(&b, "\n```kql\n%s\n```\ngives\n```kql\n%s\n```\n", x.Call, x.Want)
		}
	}
	return b.String()
}

func pluginLinks(plugins []builtin.Plugin) string {
	var links []string
	for _, p := range plugins {
		links = append(links, fmt.Sprintf("[%s](plugins.md#%s)", code(p.Name()), anchor(p.Name())))
	}
	return strings.Join(links, " ")
}

func pluginsMatrix(plugins []builtin.Plugin) string {
	var b strings.Builder
	b.WriteString("\n## Plug-ins of evaluate\n\n| plug-in | runs |\n|---|---|\n")
	for _, p := range plugins {
		state := "yes"
		if p.Unsupported != "" {
			state = "refused: " + p.Unsupported
		}
		fmt.Fprintf(&b, "| [%s](reference/plugins.md#%s) | %s |\n", code(p.Name()), anchor(p.Name()), cell(state))
	}
	return b.String()
}
