package records

import (
	"maps"
	"path/filepath"
	"testing"
)

func open(t *testing.T, path string) *File {
	t.Helper()
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func check(t *testing.T, file *File, table string, want map[string]int) {
	t.Helper()
	got, err := Load[int](file, table)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%s holds %v, want %v, %v", table, got, want, err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file := open(t, path)
	check(t, file, "a", map[string]int{})
	if err := file.Write(Change{"a", "one", 1}, Change{"a", "two", 2}, Change{"b", "one", 3}); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(Change{"a", "one", nil}, Change{"a", "two", 4}, Change{"c", "none", nil}); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(Change{"a", "three", 3}, Change{"a", "bad", func() {}}); err == nil {
		t.Error("what can't be encoded is accepted")
	}
	if _, err := Open(path); err == nil {
		t.Error("a file can be opened twice")
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	file = open(t, path)
	check(t, file, "a", map[string]int{"two": 4})
	check(t, file, "b", map[string]int{"one": 3})
	if _, err := Load[string](file, "a"); err == nil {
		t.Error("a number is read as a text")
	}
}

func TestNilFile(t *testing.T) {
	file := open(t, "")
	if err := file.Write(Change{"a", "one", 1}); err != nil {
		t.Error(err)
	}
	check(t, file, "a", map[string]int{})
}
