package records

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
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

func load[T any](t *testing.T, file *File, name string) *Table[T] {
	t.Helper()
	table, err := Load[T](file, name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func check(t *testing.T, table *Table[int], want map[string]int) {
	t.Helper()
	if !maps.Equal(table.records, want) {
		t.Errorf("%s holds %v, want %v", table.name, table.records, want)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file := open(t, path)
	a, b, c := load[int](t, file, "a"), load[int](t, file, "b"), load[int](t, file, "c")
	check(t, a, map[string]int{})
	if err := file.Write(a.Put("one", 1), a.Put("two", 2), b.Put("one", 3)); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(a.Delete("one"), a.Put("two", 4), c.Delete("none")); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(a.Put("three", 3), load[func()](t, file, "bad").Put("bad", func() {})); err == nil {
		t.Error("what can't be encoded is accepted")
	}
	check(t, a, map[string]int{"two": 4})
	if _, err := Open(path); err == nil {
		t.Error("a file can be opened twice")
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(a.Put("four", 4)); err == nil {
		t.Error("a closed file accepts a write")
	}
	check(t, a, map[string]int{"two": 4})
	file = open(t, path)
	check(t, load[int](t, file, "a"), map[string]int{"two": 4})
	check(t, load[int](t, file, "b"), map[string]int{"one": 3})
	if _, err := Load[string](file, "a"); err == nil {
		t.Error("a number is read as a text")
	}
}

func TestNilFile(t *testing.T) {
	file := open(t, "")
	a := load[int](t, file, "a")
	if err := file.Write(a.Put("one", 1)); err != nil {
		t.Error(err)
	}
	check(t, a, map[string]int{"one": 1})
	check(t, load[int](t, file, "a"), map[string]int{})
}

func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	file := open(t, path)
	table := load[string](t, file, "words")
	var seen []string
	table.Watch(func(old, now string) { seen = append(seen, old+">"+now) })
	if err := file.Write(table.Put("1", "pear"), table.Put("2", "apple"), table.Put("1", "plum"), table.Delete("2"), table.Delete("3"), table.Put("4", "apricot")); err != nil {
		t.Fatal(err)
	}
	table.Put("5", "cherry").Show()
	if want := []string{">pear", ">apple", "pear>plum", "apple>", ">", ">apricot", ">cherry"}; !slices.Equal(seen, want) {
		t.Errorf("seen %v, want %v", seen, want)
	}
	itself := func(s string) string { return s }
	if got, want := table.Sorted(itself, nil), []string{"apricot", "cherry", "plum"}; !slices.Equal(got, want) {
		t.Errorf("sorted %v, want %v", got, want)
	}
	if got := table.Sorted(itself, func(s string) bool { return strings.HasPrefix(s, "p") }); !slices.Equal(got, []string{"plum"}) {
		t.Errorf("those with p are %v", got)
	}
	if got, found := table.Get("1"); !found || got != "plum" {
		t.Errorf("1 is %q, %v", got, found)
	}
	if got := load[string](t, file, "words").Sorted(itself, nil); !slices.Equal(got, []string{"apricot", "plum"}) {
		t.Errorf("the file has %v", got)
	}
}
