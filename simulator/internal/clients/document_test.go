//go:build clients

package clients

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocument keeps the document to what is run.
func TestDocument(t *testing.T) {
	const path = "../../../docs/simulator-clients.md"
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		for _, section := range []string{c.settingsSection(), c.stepsSection()} {
			if !strings.Contains(string(document), section) {
				t.Errorf("%s does not hold:\n%s", path, section)
			}
		}
	}
}

func (c client) settingsSection() string {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n", c.program)
	if c.settings != "" {
		fmt.Fprintf(&out, "```sh\n%s\n```\n\n", strings.TrimSpace(c.settings))
	}
	if c.config != "" {
		fmt.Fprintf(&out, "```ini\n%s```\n\n", c.config)
	}
	if c.args != "" {
		fmt.Fprintf(&out, "Before the arguments of each command: `%s`.\n\n", c.args)
	}
	return out.String()
}

func (c client) stepsSection() string {
	var out strings.Builder
	out.WriteString("| Step | Command | Outcome |\n|---|---|---|\n")
	for _, step := range c.steps {
		outcome := "done"
		if step.refused != "" {
			outcome = fmt.Sprintf("refused: `%s`", step.refused)
		}
		fmt.Fprintf(&out, "| %s | `%s` | %s |\n", step.name, step.run, outcome)
	}
	return out.String()
}
