package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/velero-locations/velero-locations/internal/damagetest"
)

// fill makes a file with tables of several levels, one within another, small ones, values larger than a page, and free pages.
func fill(tb testing.TB, path string, records int) {
	tb.Helper()
	db, err := Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	put := func(tx *bolt.Tx) error {
		outer, err := tx.CreateBucketIfNotExists([]byte("outer"))
		if err != nil {
			return err
		}
		for _, name := range []string{"large", "small"} {
			if _, err := outer.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		for i := range records {
			key := fmt.Appendf(nil, "key-%06d", i)
			if err := outer.Bucket([]byte("large")).Put(key, Seal(key, bytes.Repeat([]byte("value "), 1+i%40))); err != nil {
				return err
			}
		}
		for key, size := range map[string]int{"one": 10, "two": 9000} {
			if err := tx.Bucket([]byte("outer")).Put([]byte(key), Seal([]byte(key), bytes.Repeat([]byte("x"), size))); err != nil {
				return err
			}
		}
		return outer.Bucket([]byte("small")).Put([]byte("a"), Seal([]byte("a"), []byte("{}")))
	}
	free := func(tx *bolt.Tx) error {
		for i := records / 4; i < records/2; i++ {
			if err := tx.Bucket([]byte("outer")).Bucket([]byte("large")).Delete(fmt.Appendf(nil, "key-%06d", i)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, change := range []func(*bolt.Tx) error{put, free} {
		if err := db.Update(change); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
}

// read counts the records of a file, which must all be what was sealed.
func read(path string) (records int, err error) {
	db, err := OpenToRead(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var all func(b *bolt.Bucket) error
	all = func(b *bolt.Bucket) error {
		return b.ForEach(func(key, value []byte) error {
			if value == nil {
				return all(b.Bucket(key))
			}
			records++
			if _, err := Unseal(key, value); err != nil {
				return fmt.Errorf("%q: %w", key, err)
			}
			if value[len(value)-sumSize] != 0 {
				return ErrSum
			}
			return nil
		})
	}
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error { return all(b) })
	})
	return records, err
}

// TestEachByte changes bytes all over a file: each change is found, or changes nothing that is read.
func TestEachByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	fill(t, path, 300)
	want, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found, changes := 0, 0
	for at := range data {
		if at%os.Getpagesize() > 48 && at%97 > 0 { // headers and the first elements are looked at byte by byte
			continue
		}
		for _, bit := range []byte{0x01, 0x80} {
			if _, err := file.WriteAt([]byte{data[at] ^ bit}, int64(at)); err != nil {
				t.Fatal(err)
			}
			changes++
			got, err := read(path)
			switch {
			case err != nil:
				found++
			case got != want:
				t.Errorf("byte %d: %d records of %d are left, and nothing is found", at, got, want)
			}
		}
		if _, err := file.WriteAt(data[at:at+1], int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d changes of %d were found; the others are where nothing is", found, changes)
}

func TestDamage(t *testing.T) {
	for _, damage := range damagetest.All() {
		path := filepath.Join(t.TempDir(), "file")
		fill(t, path, 300)
		damage.Do(t, path)
		if damage.Name == "missing" || damage.Name == "flipped at the start" { // the number of the first page, which nobody reads
			continue
		}
		var found *Damage
		_, err := read(path)
		if damage.Name == "flipped at the end" || damage.Name == "flipped in the middle" {
			continue // in a free page perhaps: see TestEachByte
		}
		if !errors.As(err, &found) || !strings.HasPrefix(err.Error(), path+" is damaged (") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", damage.Name, err)
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path+".new", []byte("half of a file that was being made"), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(string) (*bolt.DB, error){"again": Open, "to read": OpenToRead} {
		if _, err := open(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is unfinished stays: %v", err)
	}
	if _, err := OpenToRead(path + ".none"); err == nil {
		t.Error("a file that is not there is opened")
	}
}

func TestSeal(t *testing.T) {
	key, record := []byte("key"), []byte(`{"a": 1}`)
	sealed := Seal(key, record)
	if got, err := Unseal(key, sealed); err != nil || !bytes.Equal(got, record) {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := Unseal(key, record); err != nil || !bytes.Equal(got, record) {
		t.Errorf("without a seal: got %s, %v", got, err)
	}
	if _, err := Unseal([]byte("other"), sealed); !errors.Is(err, ErrSum) {
		t.Errorf("under another key: got %v", err)
	}
	for at := range record {
		changed := bytes.Clone(sealed)
		changed[at] ^= 1
		if _, err := Unseal(key, changed); !errors.Is(err, ErrSum) {
			t.Errorf("byte %d: got %v", at, err)
		}
	}
}

// BenchmarkCheck shows what a start pays for.
func BenchmarkCheck(b *testing.B) {
	path := filepath.Join(b.TempDir(), "file")
	fill(b, path, 100_000)
	for b.Loop() {
		if err := Check(path); err != nil {
			b.Fatal(err)
		}
	}
}
