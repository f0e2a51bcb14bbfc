package store

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// MinPartSize is the least size of a part other than the last, as S3's multipart upload limits have it.
const MinPartSize = 5 << 20

// upload is a multipart upload that is under way. Uploads are not kept over a restart: their clients start again.
type upload struct {
	info       UploadInfo
	attributes Attributes
	parts      map[int]part
}

type part struct {
	PartInfo
	content blob
}

// UploadInfo describes a multipart upload.
type UploadInfo struct {
	ID, Key   string
	Initiated time.Time
}

// PartInfo describes a part of a multipart upload.
type PartInfo struct {
	Number   int
	Size     int64
	ETag     string
	Modified time.Time
}

// CreateUpload starts a multipart upload and returns its id.
func (b *Bucket) CreateUpload(key string, attributes Attributes) (string, error) {
	b.writes.Lock()
	defer b.writes.Unlock()
	if b.gone {
		return "", ErrNoSuchBucket
	}
	id := rand.Text()
	info := UploadInfo{ID: id, Key: key, Initiated: b.store.now()}
	b.uploads[id] = &upload{info: info, attributes: attributes, parts: map[int]part{}}
	return id, nil
}

// upload finds an upload; it needs the lock on writes.
func (b *Bucket) upload(key, id string) (*upload, error) {
	if u, found := b.uploads[id]; found && u.info.Key == key {
		return u, nil
	}
	return nil, ErrNoSuchUpload
}

// PutPart stores a part when body was read to io.EOF without an error; an earlier part of that number is replaced.
func (b *Bucket) PutPart(key, id string, number int, body io.Reader, size int64) (PartInfo, error) {
	if err := b.checkUpload(key, id); err != nil {
		return PartInfo{}, err
	}
	sum := md5.New()
	content, n, err := b.store.blobs.write(io.TeeReader(body, sum), size)
	if err != nil {
		return PartInfo{}, err
	}
	info := PartInfo{Number: number, Size: n, ETag: hex.EncodeToString(sum.Sum(nil)), Modified: b.store.now()}
	b.writes.Lock()
	defer b.writes.Unlock()
	u, err := b.upload(key, id)
	if err != nil {
		return PartInfo{}, errors.Join(err, content.remove())
	}
	old, replaced := u.parts[number]
	u.parts[number] = part{info, content}
	if replaced {
		err = old.content.remove()
	}
	return info, err
}

func (b *Bucket) checkUpload(key, id string) error {
	b.writes.Lock()
	defer b.writes.Unlock()
	_, err := b.upload(key, id)
	return err
}

// Parts lists the parts of an upload by number.
func (b *Bucket) Parts(key, id string) ([]PartInfo, error) {
	b.writes.Lock()
	defer b.writes.Unlock()
	u, err := b.upload(key, id)
	if err != nil {
		return nil, err
	}
	out := make([]PartInfo, 0, len(u.parts))
	for _, p := range u.parts {
		out = append(out, p.PartInfo)
	}
	slices.SortFunc(out, func(x, y PartInfo) int { return x.Number - y.Number })
	return out, nil
}

// Uploads lists the bucket's unfinished uploads whose key has the prefix, by key and by the time they were started.
func (b *Bucket) Uploads(prefix string) []UploadInfo {
	b.writes.Lock()
	defer b.writes.Unlock()
	var out []UploadInfo
	for _, u := range b.uploads {
		if strings.HasPrefix(u.info.Key, prefix) {
			out = append(out, u.info)
		}
	}
	slices.SortFunc(out, func(x, y UploadInfo) int {
		if c := strings.Compare(x.Key, y.Key); c != 0 {
			return c
		}
		if c := x.Initiated.Compare(y.Initiated); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return out
}

// Abort ends an upload and forgets its parts.
func (b *Bucket) Abort(key, id string) error {
	b.writes.Lock()
	defer b.writes.Unlock()
	u, err := b.upload(key, id)
	if err != nil {
		return err
	}
	delete(b.uploads, id)
	return u.drop()
}

func (u *upload) drop() error {
	var errs []error
	for _, p := range u.parts {
		errs = append(errs, p.content.remove())
	}
	return errors.Join(errs...)
}

func (b *Bucket) dropUploads() {
	for _, u := range b.uploads {
		_ = u.drop() // what stays behind is swept at the next start
	}
	clear(b.uploads)
}

// Complete makes an object of an upload's parts, in the order given. Only Number and ETag of the parts are looked at.
// The upload stays as it was when that fails.
func (b *Bucket) Complete(key, id string, chosen []PartInfo, conditions Conditions) (*Object, error) {
	u, parts, err := b.choose(key, id, chosen)
	if err != nil {
		return nil, err
	}
	content, n, err := b.concatenate(parts)
	if err != nil {
		return nil, err
	}
	object := &Object{Key: key, Size: n, ETag: multipartETag(parts), Headers: u.attributes.Headers, content: content}
	b.writes.Lock()
	defer b.writes.Unlock()
	if _, err := b.upload(key, id); err != nil {
		return nil, errors.Join(err, content.remove())
	}
	if err := b.commit(object, conditions); err != nil {
		return nil, errors.Join(err, content.remove())
	}
	delete(b.uploads, id)
	return object, u.drop()
}

func (b *Bucket) choose(key, id string, chosen []PartInfo) (*upload, []part, error) {
	b.writes.Lock()
	defer b.writes.Unlock()
	u, err := b.upload(key, id)
	if err != nil {
		return nil, nil, err
	}
	ascending := func(x, y PartInfo) int { return x.Number - y.Number }
	distinct := func(x, y PartInfo) bool { return x.Number == y.Number }
	if !slices.IsSortedFunc(chosen, ascending) || len(slices.CompactFunc(slices.Clone(chosen), distinct)) < len(chosen) {
		return nil, nil, ErrPartOrder
	}
	parts := make([]part, len(chosen))
	for i, want := range chosen {
		p, found := u.parts[want.Number]
		switch {
		case !found || p.ETag != strings.Trim(want.ETag, `"`):
			return nil, nil, ErrInvalidPart
		case i < len(chosen)-1 && p.Size < MinPartSize:
			return nil, nil, ErrPartTooSmall
		}
		parts[i] = p
	}
	return u, parts, nil
}

func (b *Bucket) concatenate(parts []part) (blob, int64, error) {
	var size int64
	readers := make([]io.Reader, len(parts))
	for i, p := range parts {
		readers[i] = &lazyReader{content: p.content, size: p.Size}
		size += p.Size
	}
	content, n, err := b.store.blobs.write(io.MultiReader(readers...), size)
	if err != nil {
		return nil, 0, fmt.Errorf("joining parts: %w", err)
	}
	return content, n, nil
}

// lazyReader opens a content when it is first read and closes it at its end, so that one file is open at a time.
type lazyReader struct {
	content blob
	size    int64
	open    Content
	reader  io.Reader
}

// Read returns the content.
func (l *lazyReader) Read(p []byte) (int, error) {
	if l.open == nil {
		open, err := l.content.open()
		if err != nil {
			return 0, err
		}
		l.open, l.reader = open, io.NewSectionReader(open, 0, l.size)
	}
	n, err := l.reader.Read(p)
	if err != nil {
		if closeErr := l.open.Close(); closeErr != nil && errors.Is(err, io.EOF) {
			err = closeErr
		}
	}
	return n, err
}

// multipartETag is the MD5 of the parts' MD5s, a dash and the number of parts, as S3 makes it.
func multipartETag(parts []part) string {
	sum := md5.New()
	for _, p := range parts {
		raw, _ := hex.DecodeString(p.ETag) // made by PutPart
		sum.Write(raw)
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(sum.Sum(nil)), len(parts))
}
