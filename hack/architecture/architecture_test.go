package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const repository = "../.."

// step is a line of a route: what happens, and the file and the function that do it.
var step = regexp.MustCompile("(?m)^\\| [^|]+ \\| `([^`|]+\\.go)` \\| `([^`|]+)` \\|$")

// TestRoutes shows that the files and functions that the document names are there.
func TestRoutes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, document))
	if err != nil {
		t.Fatal(err)
	}
	steps := step.FindAllStringSubmatch(string(text), -1)
	if len(steps) < 30 {
		t.Fatalf("the three routes have %d steps: are their tables of the form | what | `file` | `function` |?", len(steps))
	}
	for _, s := range steps {
		names, err := functions(filepath.Join(repository, s[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if !slices.Contains(names, s[2]) {
			t.Errorf("%s has no function %s; it has %s", s[1], s[2], strings.Join(names, ", "))
		}
	}
}

// functions returns the names of a file's functions; that of a method stands behind its receiver's type.
func functions(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := function.Name.Name
		if function.Recv != nil {
			name = receiver(function.Recv.List[0].Type) + "." + name
		}
		names = append(names, name)
	}
	return names, nil
}

func receiver(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// TestLinks shows that the documents for those who change things point to files that are there.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	documents, err := filepath.Glob(filepath.Join(repository, "docs", "decisions", "*.md"))
	if err != nil || len(documents) == 0 {
		t.Fatalf("found %d decisions, %v", len(documents), err)
	}
	for _, path := range append(documents, filepath.Join(repository, document), filepath.Join(repository, "README.md"), filepath.Join(repository, "CHANGELOG.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), found[1])); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func TestFloors(t *testing.T) {
	name := func(folder string) string { return strings.TrimPrefix(folder, "outside") }
	whole, err := newHouse(map[string][]string{
		"roof": {"hall", "cellar", "outside"}, "hall": {"cellar"}, "shed": nil, "cellar": nil, "outside": {"roof"},
	}, name).floors()
	if err != nil {
		t.Fatal(err)
	}
	const want = "| floor | rooms |\n|---|---|\n| 3 | `roof` |\n| 2 | `hall` |\n| 1 | `cellar`, `shed` |\n\n" +
		"```mermaid\nflowchart TD\n    roof[\"roof\"]\n    roof --> hall\n    hall[\"hall\"]\n    hall --> cellar\n    cellar[\"cellar\"]\n    shed[\"shed\"]\n```\n"
	if got := whole.markdown(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if _, err := newHouse(map[string][]string{"a": {"b"}, "b": {"a"}, "c": nil}, name).floors(); err == nil || err.Error() != "rooms import each other: a, b" {
		t.Errorf("of a circle: %v", err)
	}
}

func TestInsert(t *testing.T) {
	const text = "a\n<!-- floors of x: written by make generate -->\nold\n<!-- end of x -->\nb\n"
	if got, err := insert(text, "x", "new\n"); err != nil || got != strings.Replace(text, "old", "new", 1) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := insert(text, "y", "new\n"); err == nil {
		t.Error("a document without a place is taken")
	}
}
