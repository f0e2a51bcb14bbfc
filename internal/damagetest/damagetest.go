// Package damagetest damages files as disks and users do, for tests of what a server then makes of its data.
package damagetest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Damage is one way in which a file goes wrong.
type Damage struct {
	Name string
	do   func(path string, data []byte) error
}

// All are the ways in which a file goes wrong. What a file has of zeros at its end, where it is to grow, is not counted.
func All() []Damage {
	flip := func(at func(size int) int) func(string, []byte) error {
		return func(path string, data []byte) error {
			if used := used(data); used > 0 {
				data[at(used)] ^= 0x10
			}
			return write(path, data)
		}
	}
	all := []Damage{
		{"missing", func(path string, _ []byte) error { return os.Remove(path) }},
		{"empty", func(path string, _ []byte) error { return write(path, nil) }},
		{"cut to half", func(path string, data []byte) error { return write(path, data[:used(data)/2]) }},
		{"garbled", func(path string, data []byte) error {
			for i := range used(data) {
				data[i] = byte(i*7 + 1)
			}
			return write(path, data)
		}},
		{"flipped at the start", flip(func(int) int { return 0 })},
		FlippedInTheMiddle(),
		{"flipped at the end", flip(func(size int) int { return size - 1 })},
		{"a directory", func(path string, _ []byte) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.MkdirAll(filepath.Join(path, "inside"), 0o700)
		}},
	}
	if os.Geteuid() != 0 { // who is root can read everything
		all = append(all, Damage{"unreadable", func(path string, _ []byte) error { return os.Chmod(path, 0) }})
	}
	return all
}

// FlippedInTheMiddle changes a bit of what a file holds.
func FlippedInTheMiddle() Damage {
	return Damage{"flipped in the middle", func(path string, data []byte) error {
		if used := used(data); used > 0 {
			data[used/2] ^= 0x10
		}
		return write(path, data)
	}}
}

func used(data []byte) int { return len(bytes.TrimRight(data, "\x00")) }

// write writes a file, with a hole where it ends in zeros.
func write(path string, data []byte) error {
	if err := os.WriteFile(path, data[:used(data)], 0o600); err != nil {
		return err
	}
	return os.Truncate(path, int64(len(data)))
}

// Do damages a file.
func (d Damage) Do(tb testing.TB, path string) {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = d.do(path, data)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// Files are the paths of the files below a directory, relative to it.
func Files(tb testing.TB, dir string) []string {
	tb.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, name)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(files)
	return files
}

// Copy copies the files below a directory, but for sockets, into a new one.
func Copy(tb testing.TB, dir, to string) {
	tb.Helper()
	for _, name := range Files(tb, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700)
		}
		if err == nil {
			err = write(filepath.Join(to, name), data)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// Contents returns the bytes of all files below a directory that can be read.
func Contents(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	contents := map[string]string{}
	for _, name := range Files(tb, dir) {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			contents[name] = string(data)
		}
	}
	return contents
}
