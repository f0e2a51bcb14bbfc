package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func open(t *testing.T, options Options) *Store {
	t.Helper()
	s, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// both returns an empty bucket in memory and one on disk.
func both(t *testing.T) map[string]*Bucket {
	t.Helper()
	out := map[string]*Bucket{}
	for name, dir := range map[string]string{"memory": "", "disk": filepath.Join(t.TempDir(), "d")} {
		b, err := open(t, Options{Dir: dir}).CreateBucket("bucket", "us-east-1", "111111111111", Settings{})
		if err != nil {
			t.Fatal(err)
		}
		out[name] = b
	}
	return out
}

func put(t *testing.T, b *Bucket, key, text string) *Object {
	t.Helper()
	object, err := b.Put(key, Write{Body: strings.NewReader(text), Size: int64(len(text))})
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func remove(b *Bucket, key string) error {
	_, err := b.Delete(Deletion{Key: key})
	return err
}

func read(t *testing.T, object *Object, content Content) string {
	t.Helper()
	out, err := io.ReadAll(io.NewSectionReader(content, 0, object.Size))
	if err = errors.Join(err, content.Close()); err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestBrokenBodyChangesNothing(t *testing.T) {
	for name, b := range both(t) {
		t.Run(name, func(t *testing.T) {
			put(t, b, "k", "old")
			for _, broken := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
				body := io.MultiReader(strings.NewReader("new and longer"), iotest.ErrReader(broken))
				if _, err := b.Put("k", Write{Body: body, Size: 99}); !errors.Is(err, broken) {
					t.Errorf("Put = %v", err)
				}
			}
			object, content, err := b.Open("k", "")
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, object, content); got != "old" {
				t.Errorf("the object is %q", got)
			}
		})
	}
}

func TestOpenObjectOutlivesItself(t *testing.T) {
	for name, b := range both(t) {
		t.Run(name, func(t *testing.T) {
			put(t, b, "k", "first")
			object, content, err := b.Open("k", "")
			if err != nil {
				t.Fatal(err)
			}
			put(t, b, "k", "second")
			if _, err := b.Delete(Deletion{Key: "k"}); err != nil {
				t.Fatal(err)
			}
			if got := read(t, object, content); got != "first" {
				t.Errorf("the open object is %q", got)
			}
			if _, _, err := b.Open("k", ""); !errors.Is(err, ErrNoSuchKey) {
				t.Errorf("Open after Delete: %v", err)
			}
		})
	}
}

// TestOneWinner lets many writers create one key: S3 promises that If-None-Match lets one through.
func TestOneWinner(t *testing.T) {
	for name, b := range both(t) {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			results := make(chan error, 32)
			for range cap(results) {
				wg.Go(func() {
					_, err := b.Put("k", Write{Body: strings.NewReader("x"), Conditions: Conditions{IfNoneMatch: "*"}})
					results <- err
				})
			}
			wg.Wait()
			close(results)
			won := 0
			for err := range results {
				if err == nil {
					won++
				} else if !errors.Is(err, ErrPrecondition) {
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d writers won", won)
			}
		})
	}
}

func TestMemoryFollowsWhatCame(t *testing.T) {
	_, n, err := (&memory{}).write(strings.NewReader("short"), 1<<62)
	if err != nil || n != 5 {
		t.Fatalf("%d, %v", n, err)
	}
	large := strings.Repeat("0123456789", 300_000)
	content, n, err := (&memory{}).write(iotest.HalfReader(strings.NewReader(large)), 7)
	if err != nil || n != int64(len(large)) {
		t.Fatalf("%d, %v", n, err)
	}
	reader, err := content.open()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 1, 511, 512, 1 << 20, len(large) - 3, len(large)} {
		got, err := io.ReadAll(io.NewSectionReader(reader, int64(at), 1<<21))
		if err != nil || string(got) != large[at:min(at+1<<21, len(large))] {
			t.Errorf("at %d: %d bytes, %v", at, len(got), err)
		}
	}
}

// TestWriteRange writes parts of a content of several blocks.
func TestWriteRange(t *testing.T) {
	b := both(t)["memory"]
	text := make([]byte, 3<<20)
	for i := range text {
		text[i] = byte(i % 251)
	}
	if _, err := b.Put("k", Write{Body: bytes.NewReader(text), Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	_, content, err := b.Open("k", "")
	if err != nil {
		t.Fatal(err)
	}
	direct, is := content.(RangeWriter)
	if !is {
		t.Fatalf("%T is no RangeWriter", content)
	}
	for _, r := range [][2]int64{
		{0, int64(len(text))}, {0, 0}, {0, 1}, {1, 100}, {firstBlock - 1, 1}, {firstBlock - 1, 2}, {firstBlock, 1}, {firstBlock - 1, 2 << 20}, {int64(len(text)) - 1, 1},
	} {
		var got bytes.Buffer
		n, err := direct.WriteRange(&got, r[0], r[1], 1000)
		if err != nil || n != r[1] || !bytes.Equal(got.Bytes(), text[r[0]:r[0]+r[1]]) {
			t.Errorf("%d bytes at %d: %d bytes, %v", r[1], r[0], n, err)
		}
	}
}

// TestListAgainstModel compares pages with what a plain pass over all keys gives.
func TestListAgainstModel(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	b, err := open(t, Options{}).CreateBucket("bucket", "us-east-1", "111111111111", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for range 300 {
		key := make([]byte, 1+random.Intn(6))
		for i := range key {
			key[i] = "ab/\xff"[random.Intn(4)]
		}
		keys = append(keys, string(key))
		put(t, b, string(key), "")
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for _, prefix := range []string{"", "a", "a/", "/", "\xff", "b/a"} {
		for _, delimiter := range []string{"", "/", "a/"} {
			var want []string
			for _, key := range keys {
				rest, found := strings.CutPrefix(key, prefix)
				if before, _, cut := strings.Cut(rest, delimiter); cut && delimiter != "" {
					key = prefix + before + delimiter
				}
				if found && !slices.Contains(want, key) {
					want = append(want, key)
				}
			}
			for _, size := range []int{1, 2, 7, 1000} {
				if got := pages(t, b, ListOptions{Prefix: prefix, Delimiter: delimiter, Max: size}); !slices.Equal(got, want) {
					t.Errorf("prefix %q, delimiter %q, %d a page: %q, expected %q", prefix, delimiter, size, got, want)
				}
			}
		}
	}
}

func pages(t *testing.T, b *Bucket, options ListOptions) []string {
	t.Helper()
	var out []string
	for {
		page := b.List(options)
		entries := slices.Clone(page.Prefixes)
		for _, object := range page.Objects {
			entries = append(entries, object.Key)
		}
		if len(entries) > options.Max {
			t.Errorf("%d entries on a page of %d", len(entries), options.Max)
		}
		slices.Sort(entries)
		out = append(out, entries...)
		if !page.Truncated {
			return out
		}
		options.After = page.Next
	}
}

func TestMultipart(t *testing.T) {
	for name, b := range both(t) {
		t.Run(name, func(t *testing.T) {
			id, err := b.CreateUpload(UploadInfo{Key: "k", Attributes: Attributes{Headers: map[string]string{"Content-Type": "text/plain"}}})
			if err != nil {
				t.Fatal(err)
			}
			large := strings.Repeat("x", MinPartSize)
			var parts []PartInfo
			for number, text := range []string{large, "small", "", "replaced", "last"} {
				for range 2 {
					part, err := b.PutPart("k", id, number+1, Write{Body: strings.NewReader(text), Size: int64(len(text))})
					if err != nil {
						t.Fatal(err)
					}
					parts = append(parts[:number], part)
				}
			}
			for _, test := range []struct {
				chosen []PartInfo
				want   error
			}{
				{[]PartInfo{parts[1], parts[0]}, ErrPartOrder},
				{[]PartInfo{parts[0], parts[0]}, ErrPartOrder},
				{[]PartInfo{parts[1], parts[4]}, ErrPartTooSmall},
				{[]PartInfo{{Number: 9}}, ErrInvalidPart},
				{[]PartInfo{{Number: 1, ETag: parts[1].ETag}}, ErrInvalidPart},
			} {
				if _, err := b.Complete("k", id, Completion{Parts: test.chosen}); !errors.Is(err, test.want) {
					t.Errorf("completing with %v: %v", test.chosen, err)
				}
			}
			if _, err := b.Complete("k", id, Completion{Parts: []PartInfo{parts[0], parts[4]}}); err != nil {
				t.Fatal(err)
			}
			object, content, err := b.Open("k", "")
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, object, content); got != large+"last" || !strings.HasSuffix(object.ETag, "-2") || object.Headers["Content-Type"] != "text/plain" {
				t.Errorf("%d bytes, ETag %s", len(got), object.ETag)
			}
			if _, err := b.Complete("k", id, Completion{Parts: parts[:1]}); !errors.Is(err, ErrNoSuchUpload) {
				t.Errorf("completing twice: %v", err)
			}
		})
	}
}

// replacing replaces a part when it is given the first bytes of the one before.
type replacing struct {
	hash.Hash
	replace func()
}

func (r *replacing) Write(p []byte) (int, error) {
	if r.replace != nil {
		r.replace()
		r.replace = nil
	}
	return r.Hash.Write(p)
}

// TestReplacedWhileCompleting uploads a part again while its upload is being completed. The object is of the chosen
// parts, or, where the content of one is gone, that one is refused.
func TestReplacedWhileCompleting(t *testing.T) {
	for name, b := range both(t) {
		for _, test := range []struct {
			by   string
			want error
		}{{"last", nil}, {"other", ErrInvalidPart}} {
			t.Run(name+" by "+test.by, func(t *testing.T) {
				id, err := b.CreateUpload(UploadInfo{Key: "k"})
				if err != nil {
					t.Fatal(err)
				}
				var parts []PartInfo
				upload := func(number int, text string) {
					part, err := b.PutPart("k", id, number, Write{Body: strings.NewReader(text), Size: int64(len(text))})
					if err != nil {
						t.Error(err)
					}
					parts = append(parts, part)
				}
				large := strings.Repeat("x", MinPartSize)
				upload(1, large)
				upload(2, "last")
				content := &replacing{sha256.New(), func() { upload(2, test.by) }}
				_, err = b.Complete("k", id, Completion{Parts: parts, Content: content})
				if err != nil && !errors.Is(err, test.want) {
					t.Fatalf("completing: %v", err)
				}
				if want := sha256.Sum256([]byte(large + "last")); err == nil && !bytes.Equal(content.Sum(nil), want[:]) {
					t.Error("the hash is not that of the content")
				}
			})
		}
	}
}

// TestKill leaves the store as a killed process does, by copying its files while it is open.
func TestKill(t *testing.T) {
	dir, after := filepath.Join(t.TempDir(), "live"), filepath.Join(t.TempDir(), "killed")
	b, err := open(t, Options{Dir: dir}).CreateBucket("bucket", "eu-west-1", "111111111111", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		put(t, b, fmt.Sprint("key/", i, "\xff"), strconv.Itoa(i))
	}
	if _, err := b.CreateUpload(UploadInfo{Key: "unfinished\xff"}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(after, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	reopened, found := open(t, Options{Dir: after}).Bucket("eu-west-1", "bucket")
	if !found || reopened.Info() != b.Info() {
		t.Fatalf("the bucket is %+v", reopened)
	}
	for i := range 20 {
		object, content, err := reopened.Open(fmt.Sprint("key/", i, "\xff"), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, object, content); got != strconv.Itoa(i) {
			t.Errorf("object %d is %q", i, got)
		}
	}
}

func TestBuckets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	s := open(t, Options{Dir: dir, RegionalNames: true})
	for _, region := range []string{"eu-west-1", "us-east-1"} {
		if _, err := s.CreateBucket("name", region, region, Settings{}); err != nil {
			t.Fatal(err)
		}
	}
	if existing, err := s.CreateBucket("name", "eu-west-1", "x", Settings{}); !errors.Is(err, ErrBucketExists) || existing.Info().Account != "eu-west-1" {
		t.Errorf("creating again: %v", err)
	}
	if got := s.Named("name"); len(got) != 2 || got[0].Info().Region != "eu-west-1" {
		t.Errorf("Named = %v", got)
	}
	b, _ := s.Bucket("eu-west-1", "name")
	put(t, b, "k", "x")
	if err := s.DeleteBucket(b); !errors.Is(err, ErrBucketNotEmpty) {
		t.Errorf("deleting a bucket with an object: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "bucket names are global") {
		t.Errorf("state with one name in two regions: %v", err)
	}
	s = open(t, Options{Dir: dir, RegionalNames: true})
	b, _ = s.Bucket("eu-west-1", "name")
	if err := errors.Join(remove(b, "k"), s.DeleteBucket(b)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put("k", Write{Body: strings.NewReader("x")}); !errors.Is(err, ErrNoSuchBucket) {
		t.Errorf("writing to a deleted bucket: %v", err)
	}
}
