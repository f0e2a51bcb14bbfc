package provider

import (
	"fmt"
	"strings"
)

// Markdown returns the documentation of all providers' settings, docs/providers.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Settings of providers

<!-- Generated from locations/provider by "make generate": do not edit. -->

The keys of ` + "`spec.config`" + `, by provider and kind of location. Values are strings: write ` + "`\"true\"`" + `, not ` + "`true`" + `.
What is checked, and what an error says, is in [locations.md](locations.md).
`)
	for _, p := range Known() {
		fmt.Fprintf(&b, "\n## %s\n\n`provider: %s`, which is the same as `provider: %s`", p.Short(), p.Short(), p.Name)
		for _, alias := range p.Aliases {
			fmt.Fprintf(&b, " and `provider: %s`", alias)
		}
		b.WriteString(".\n")
		for _, role := range []Role{ObjectStore, VolumeSnapshotter} {
			if schema := p.Schema(role); schema != nil {
				fmt.Fprintf(&b, "\n### %s: %ss\n\n", p.Short(), role)
				schema.markdown(&b)
			}
		}
		if p.Identities != "" {
			fmt.Fprintf(&b, "\n### %s: credentials\n\n%s", p.Short(), p.Identities)
		}
	}
	return b.String()
}

func (s *Schema) markdown(b *strings.Builder) {
	b.WriteString("| Key | Value | Required | Meaning |\n|---|---|---|---|\n")
	for _, key := range s.Keys {
		required, doc := "", strings.ToUpper(key.Doc[:1])+key.Doc[1:]+"."
		if key.Required {
			required = "yes"
		} else if key.RequiredWith != "" {
			required = fmt.Sprintf("with `%s`", key.RequiredWith)
		}
		if key.Caveat != "" {
			doc += " Warned about: " + key.Caveat + "."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key.Name, key.Type.Name, required, doc)
	}
	for _, group := range s.Exclusive {
		fmt.Fprintf(b, "\nAt most one of `%s` may be set.\n", strings.Join(group, "`, `"))
	}
	if s.Open {
		b.WriteString("\nOther keys are accepted with a warning, and passed on as they are.\n")
	}
}
