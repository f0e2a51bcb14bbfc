package datadir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes a file that only its owner may read, as Write does.
func WriteFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write writes a file that only its owner may read: whole or not at all, and when it returns it is there whatever becomes of the machine.
func Write(path string, write func(io.Writer) error) error {
	switch info, err := os.Stat(path); {
	case err != nil: // it is made, or the directory says what is wrong
	case info.IsDir():
		return fmt.Errorf("%s is a directory, and is to be a file: remove it", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file, and is not replaced by one: name another", path)
	default:
		if path, err = filepath.EvalSymlinks(path); err != nil { // a link stays, and leads to what is new
			return fmt.Errorf("following links: %w", err)
		}
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(file.Name())))
	}
	return SyncNames(filepath.Dir(path))
}

// SyncNames makes the names of new files of a directory durable.
func SyncNames(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("writing names to disk: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("writing names to disk: %w", err)
	}
	return nil
}
