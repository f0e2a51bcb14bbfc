package verbs

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestExamples shows that the help of each verb has a line to type, and that it is one of that verb, with flags that there are.
func TestExamples(t *testing.T) {
	verbs := 0
	for _, noun := range nouns {
		for _, newCommand := range noun.verbs {
			verbs++
			name := noun.singular + " " + newCommand(newConnection(genericiooptions.NewTestIOStreamsDiscard())).Name()
			lines := examples[name]
			if len(lines) == 0 {
				t.Errorf("%s has no example", name)
			}
			for _, line := range lines {
				checkExample(t, name, line)
			}
		}
	}
	if len(examples) != verbs {
		t.Errorf("%d examples for %d verbs", len(examples), verbs)
	}
}

func checkExample(t *testing.T, name, line string) {
	t.Helper()
	root := &cobra.Command{Use: "velero"}
	root.AddCommand(Commands(genericiooptions.NewTestIOStreamsDiscard(), nil)...)
	words := strings.Fields(strings.NewReplacer(`"0 1 * * *"`, "@daily", `"@every 6h"`, "@hourly").Replace(line))
	cmd, args, err := root.Find(words[1:])
	if err == nil {
		err = cmd.ParseFlags(args)
	}
	if err == nil {
		err = cmd.ValidateRequiredFlags()
	}
	if err == nil && cmd.Args != nil {
		err = cmd.Args(cmd, cmd.Flags().Args())
	}
	if err != nil || cmd.CommandPath() != "velero "+name || !strings.Contains(cmd.Example, line) {
		t.Errorf("%s: %v, with example\n%s", line, err, cmd.Example)
	}
}
