package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// otherCommands are those of Velero's client that no line types, each with the reason.
var otherCommands = map[string]string{
	"bug":               "opens a browser",
	"client config get": "reads a file in the user's home",
	"client config set": "writes a file in the user's home",
	"completion":        "prints a script for the shell",
	"debug":             "gathers logs of pods, of which there are none here",
	"install":           "TestVeleroInstall",
	"plugin add":        "TestVeleroInstall",
	"plugin remove":     "TestVeleroInstall",
	"uninstall":         "TestVeleroInstall",
}

// TestCommands shows that each command of Velero's client is typed by a line of TestVelero, unless there is a reason, and stands in
// the table of docs/compatibility.md. What Velero adds fails by name.
func TestCommands(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(cluster.Repository(t), "docs", "compatibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	typed := map[string]bool{}
	for _, line := range slices.Concat(locationLines, backupLines, restoreLines, restoreDeletionLines, deletionLines) {
		words := append(strings.Fields(line.command), "")
		typed[words[1]], typed[words[1]+" "+words[2]] = true, true
	}
	found := commandsBelow(helper(t, "velero"), "")
	if len(found) < 40 {
		t.Errorf("Velero's client has only the commands %q", found)
	}
	for _, command := range found {
		reason := otherCommands[command]
		delete(otherCommands, command)
		if typed[command] == (reason != "") {
			t.Errorf("velero %s: typed by a line is %t, the reason not to is %q", command, typed[command], reason)
		}
		if !inTable(string(document), command) {
			t.Errorf("velero %s does not stand in docs/compatibility.md", command)
		}
	}
	for command := range otherCommands {
		t.Errorf("velero %s is a reason for nothing any more", command)
	}
}

// commandsBelow returns the commands below one that have none below themselves.
func commandsBelow(help func(string) string, path string) []string {
	list := commandList.FindStringSubmatch(help(path))
	if list == nil {
		return []string{path}
	}
	var found []string
	for line := range strings.Lines(list[1]) {
		if name := strings.Fields(line)[0]; name != "help" {
			found = append(found, commandsBelow(help, strings.TrimSpace(path+" "+name))...)
		}
	}
	return found
}

// inTable says whether a table has a row of a command: that begins with all of it, or with all but its last word, which follows.
func inTable(document, command string) bool {
	i := strings.LastIndex(command, " ")
	for line := range strings.Lines(document) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if strings.HasPrefix(cell, "`velero "+command+"`") {
			return true
		}
		if rest, ok := strings.CutPrefix(cell, "`velero "+command[:max(i, 0)]+"` "); ok && slices.Contains(strings.FieldsFunc(rest, notOfWord), command[i+1:]) {
			return true
		}
	}
	return false
}

func notOfWord(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }
