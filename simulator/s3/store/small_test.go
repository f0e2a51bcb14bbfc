package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestSizesOnDisk writes contents on both sides of the size up to which they are in the index, with hints that are right
// and hints that are lies, and reads them back before and after a restart, when nothing else is left in the index.
func TestSizesOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	b, err := s.CreateBucket("bucket", "us-east-1", "111111111111", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{0, 1, 511, 512, maxSmall - 1, maxSmall, maxSmall + 1, 3 * maxSmall}
	data := make([]byte, 3*maxSmall)
	rand.New(rand.NewSource(1)).Read(data)
	for _, size := range sizes {
		for _, hint := range []int{size, 0, maxSmall, 10 * maxSmall} {
			for _, name := range []string{"kept", "removed"} {
				for range 2 { // the second time overwrites
					_, err := b.Put(fmt.Sprint(name, size, "/", hint), Write{Body: bytes.NewReader(data[:size]), Size: int64(hint)})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := remove(b, fmt.Sprint("removed", size, "/", hint)); err != nil {
				t.Fatal(err)
			}
		}
	}
	small := 0
	for range 2 {
		small = 0
		for _, object := range b.List(ListOptions{Max: 1000}).Objects {
			object, content, err := b.Open(object.Key, "")
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, object, content); got != string(data[:object.Size]) {
				t.Errorf("%s: %d bytes that are not those that were written", object.Key, len(got))
			}
			if strings.HasPrefix(object.Blob, smallPrefix) {
				small++
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, Options{Dir: dir})
		b, _ = s.Bucket("us-east-1", "bucket")
	}
	kept := 0
	if err := s.journal.(*disk).db.View(func(tx *bolt.Tx) error {
		kept = tx.Bucket(contentsTable).Stats().KeyN
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// 6 sizes with 3 hints that do not say that they are larger, of which 2 are the same.
	if expected := 6*3 - 2; small != expected || kept != expected {
		t.Errorf("%d objects name contents in the index, and %d are there, expected %d", small, kept, expected)
	}
}

// TestWritersTogether writes from many writers at once and finds all after a restart, each key with its last content.
func TestWritersTogether(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	b, err := s.CreateBucket("bucket", "us-east-1", "111111111111", Settings{Versioning: VersioningEnabled})
	if err != nil {
		t.Fatal(err)
	}
	const writers, writes = 16, 10
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range writes {
				text := fmt.Sprint(w, " ", i)
				for _, key := range []string{fmt.Sprint("own", w), "shared"} {
					if _, err := b.Put(key, Write{Body: bytes.NewReader([]byte(text))}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wait.Wait()
	latest, err := b.Get("shared", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, _ = open(t, Options{Dir: dir}).Bucket("us-east-1", "bucket")
	for w := range writers {
		object, content, err := b.Open(fmt.Sprint("own", w), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, object, content); got != fmt.Sprint(w, " ", writes-1) {
			t.Errorf("own%d = %q", w, got)
		}
	}
	versions := 0
	again, err := b.Get("shared", "")
	if err != nil || again.Version != latest.Version {
		t.Errorf("the latest version is %+v, was %s, %v", again, latest.Version, err)
	}
	for object := again; object != nil; object = object.older {
		versions++
	}
	if versions != writers*writes {
		t.Errorf("%d versions, expected %d", versions, writers*writes)
	}
}

// TestOneChangeFails makes one of several changes fail that are written together: the others are made.
func TestOneChangeFails(t *testing.T) {
	d, err := openDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.close() }()
	table, failed := []byte("table"), errors.New("failed")
	create := d.commits.later(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(table)
		return err
	})
	fail := d.commits.later(func(*bolt.Tx) error { return failed })
	if err := d.commits.now(func(tx *bolt.Tx) error { return tx.Bucket(table).Put([]byte("key"), []byte("value")) }); err != nil {
		t.Fatal(err)
	}
	<-create.done
	<-fail.done
	if create.err != nil || !errors.Is(fail.err, failed) {
		t.Errorf("create: %v, fail: %v", create.err, fail.err)
	}
}
