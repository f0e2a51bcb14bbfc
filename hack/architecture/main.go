// Command architecture draws the floors of the house into docs/architecture.md: which folder stands on which, by what the
// packages import, without tests and what only tests use. Two folders that import each other are an error.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const document = "docs/architecture.md"

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "architecture: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	imports, err := list()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(document)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	out := string(text)
	for _, drawing := range []struct {
		name string
		room func(string) string
	}{{"the house", room}, {"the simulator", simulatorRoom}} {
		floors, err := newHouse(imports, drawing.room).floors()
		if err != nil {
			return fmt.Errorf("%s: %w", drawing.name, err)
		}
		if out, err = insert(out, drawing.name, floors.markdown()); err != nil {
			return err
		}
	}
	if err := os.WriteFile(document, []byte(out), 0o644); err != nil { // a document is for everybody
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}

// module of the house. The simulator and what both share are modules below its path.
const module = "github.com/velero-locations/velero-locations/"

// list returns what the house's packages import of each other, by their folders.
func list() (map[string][]string, error) {
	imports := map[string][]string{}
	for _, dir := range []string{".", "internal", "simulator"} {
		command := exec.CommandContext(context.Background(), "go", "list", "-f", `{{if .GoFiles}}{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{end}}`, "./...")
		command.Dir = dir
		out, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("listing the packages of %s: %w", dir, err)
		}
		for line := range strings.Lines(string(out)) {
			words := strings.Fields(line)
			if len(words) == 0 || strings.HasSuffix(words[0], "test") {
				continue
			}
			of := strings.TrimPrefix(words[0], module)
			imports[of] = nil
			for _, imported := range words[1:] {
				if folder, ours := strings.CutPrefix(imported, module); ours {
					imports[of] = append(imports[of], folder)
				}
			}
		}
	}
	return imports, nil
}

// room is the part of the house that a package is in. Tools of its builders are in none.
func room(folder string) string {
	parts := strings.Split(folder, "/")
	depth := 1
	switch parts[0] {
	case "hack":
		return ""
	case "registry", "drivers", "internal":
		depth = 2
	case "apis", "cmd":
		depth = 3
	}
	return strings.Join(parts[:min(depth, len(parts))], "/")
}

// simulatorRoom is the part of the simulator that a package is in.
func simulatorRoom(folder string) string {
	inside, found := strings.CutPrefix(folder, "simulator/")
	if !found {
		if folder == "simulator" {
			return folder
		}
		return ""
	}
	parts := strings.Split(inside, "/")
	depth := 1
	if parts[0] == "internal" {
		depth = 2
	}
	return strings.Join(parts[:min(depth, len(parts))], "/")
}

// insert replaces what stands between a drawing's marks.
func insert(text, name, drawing string) (string, error) {
	begin, end := "<!-- floors of "+name+": written by make generate -->\n", "<!-- end of "+name+" -->\n"
	before, rest, found := strings.Cut(text, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("%s has no place for %s: put the lines %q and %q where it is to be", document, name, begin, end)
	}
	return before + begin + drawing + end + after, nil
}
