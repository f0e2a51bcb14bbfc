// Command files is the workload of pods whose volumes are backed up: it fills folders that are empty, prints what is in each, and goes on
// until it is told to stop. What it writes is random, so that no pod can have the same but by a restore.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// sizes of the files: none, one that fits into a block, and one that is uploaded in parts.
var sizes = map[string]int{
	"empty": 0, "orders.csv": 1000, "deep/er/still": 1, "a file with blanks, ö": 5000, "large": 12 << 20,
}

func main() {
	for _, dir := range os.Args[1:] {
		if err := show(dir); err != nil {
			fmt.Fprintf(os.Stderr, "files: %v\n", err)
			os.Exit(1)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	<-ctx.Done()
}

// show prints a line about a folder, which is filled before if there is nothing in it.
func show(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		if err := fill(dir); err != nil {
			return err
		}
	}
	sum, err := digest(dir)
	if err == nil {
		fmt.Printf("%s %s\n", dir, sum)
	}
	return err
}

func fill(dir string) error {
	for name, size := range sizes {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		data := make([]byte, size)
		_, _ = rand.Read(data) // it never fails
		if err := os.WriteFile(path, data, 0o640); err != nil {
			return err
		}
	}
	return os.Symlink("orders.csv", filepath.Join(dir, "latest"))
}

// leftBehind is a folder that Velero makes in each volume that it restores. Its helper, which runs as the pod's user, cannot remove it
// unless that is root.
const leftBehind = ".velero"

// digest is of the names, modes and contents of all that is in a folder.
func digest(dir string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		if entry.Name() == leftBehind {
			return fs.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %s\n", name, info.Mode())
		return read(sum, path, info.Mode())
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// read copies what a file has, or where a link leads.
func read(to io.Writer, path string, mode fs.FileMode) error {
	if mode.Type() == fs.ModeSymlink {
		target, err := os.Readlink(path)
		if err == nil {
			_, err = io.WriteString(to, target)
		}
		return err
	}
	if !mode.IsRegular() {
		return nil
	}
	data, err := os.ReadFile(path)
	if err == nil {
		_, err = to.Write(data)
	}
	return err
}
