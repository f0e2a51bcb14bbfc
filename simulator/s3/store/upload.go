package store

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// MinPartSize is the least size of a part other than the last, as S3's multipart upload limits have it.
const MinPartSize = 5 << 20

// upload is a multipart upload that is under way.
type upload struct {
	UploadInfo
	parts map[int]part
}

type part struct {
	PartInfo
	content blob
}

// UploadInfo describes a multipart upload.
type UploadInfo struct {
	// ID begins with the time, so that uploads of one key sort by when they were started.
	ID        string    `json:"-"`
	Key       string    `json:"-"`
	Initiated time.Time `json:"initiated"`
	// Initiator is the canonical id of whoever started it, where that is not the bucket's owner.
	Initiator string `json:"initiator,omitempty"`
	// Attributes are those of the object to be. Checksums are not among them yet.
	Attributes Attributes `json:"attributes"`
	// ChecksumAlgorithm is that of the parts and the object, in lower case; empty for none.
	ChecksumAlgorithm string `json:"checksumAlgorithm,omitempty"`
}

// After says whether the upload is listed after one of a key and an id, which may have ended. Without an id it is after all of that key.
func (u UploadInfo) After(key, id string) bool {
	return u.Key > key || u.Key == key && id != "" && u.ID > id
}

// PartInfo describes a part of a multipart upload.
type PartInfo struct {
	Number    int               `json:"number"`
	Size      int64             `json:"size"`
	ETag      string            `json:"etag"`
	Modified  time.Time         `json:"modified"`
	Checksums map[string]string `json:"checksums,omitempty"`
}

// CreateUpload starts a multipart upload and returns its id. The id and the time of info are ignored.
func (b *Bucket) CreateUpload(info UploadInfo) (string, error) {
	b.writes.Lock()
	defer b.writes.Unlock()
	if b.gone {
		return "", ErrNoSuchBucket
	}
	info.Initiated = b.store.now()
	info.ID = fmt.Sprintf("%012X%s", info.Initiated.UnixMilli(), rand.Text())
	u := &upload{UploadInfo: info, parts: map[int]part{}}
	if err := b.store.journal.putUpload(b.info, u); err != nil {
		return "", fmt.Errorf("starting an upload to %s/%s: %w", b.info.Name, info.Key, err)
	}
	b.uploads[info.ID] = u
	return info.ID, nil
}

// upload finds an upload; it needs the lock on writes.
func (b *Bucket) upload(key, id string) (*upload, error) {
	if u, found := b.uploads[id]; found && u.Key == key {
		return u, nil
	}
	return nil, ErrNoSuchUpload
}

// PutPart stores a part when the body was read to io.EOF without an error; an earlier part of that number is replaced.
// Only body, size and checksums of the write are used.
func (b *Bucket) PutPart(key, id string, number int, w Write) (PartInfo, error) {
	if _, err := b.Upload(key, id); err != nil {
		return PartInfo{}, err
	}
	sum := md5.New()
	content, n, err := b.store.blobs.write(io.TeeReader(w.Body, sum), w.Size)
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
	if w.Checksums != nil {
		info.Checksums = w.Checksums()
	}
	if err := b.store.journal.putPart(b.info, id, part{info, content}); err != nil {
		return PartInfo{}, errors.Join(fmt.Errorf("storing a part of %s/%s: %w", b.info.Name, key, err), content.remove())
	}
	old, replaced := u.parts[number]
	u.parts[number] = part{info, content}
	if replaced {
		err = old.content.remove()
	}
	return info, err
}

// Upload describes an upload that is under way.
func (b *Bucket) Upload(key, id string) (UploadInfo, error) {
	b.writes.Lock()
	defer b.writes.Unlock()
	u, err := b.upload(key, id)
	if err != nil {
		return UploadInfo{}, err
	}
	return u.UploadInfo, nil
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
		if strings.HasPrefix(u.Key, prefix) {
			out = append(out, u.UploadInfo)
		}
	}
	slices.SortFunc(out, func(x, y UploadInfo) int {
		if c := strings.Compare(x.Key, y.Key); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return out
}

// Abort ends an upload and forgets its parts. One that ended already is left as it is, an object of it too.
func (b *Bucket) Abort(key, id string) error {
	b.writes.Lock()
	defer b.writes.Unlock()
	u, err := b.upload(key, id)
	if err != nil {
		if _, found := b.ended.find(key, id, b.store.now()); found {
			return nil
		}
		return err
	}
	if err := b.store.journal.deleteUpload(b.info, id); err != nil {
		return fmt.Errorf("aborting an upload to %s/%s: %w", b.info.Name, key, err)
	}
	delete(b.uploads, id)
	b.ended.add(id, ended{key: key, at: b.store.now()})
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

// Completion says what to make of an upload.
type Completion struct {
	// Parts are those of the object, in order. Only Number and ETag are used.
	Parts      []PartInfo
	Conditions Conditions
	// Content, if it is not nil, is written the whole content.
	Content hash.Hash
	// Checksums, if it is not nil, is then told the chosen parts and the object's size. It returns the object's checksums, or refuses.
	Checksums func(parts []PartInfo, size int64) (map[string]string, error)
}

// Complete makes an object of an upload's parts. The upload stays as it was when that fails. When another request has completed it
// meanwhile, the object of that one is returned.
func (b *Bucket) Complete(key, id string, c Completion) (*Object, error) {
	joined, err := b.join(key, id, c)
	if err != nil {
		return nil, err
	}
	u, content := joined.upload, joined.content
	object := &Object{Key: key, Size: joined.size, ETag: multipartETag(joined.parts), Attributes: u.Attributes, Upload: id, content: content}
	for _, p := range joined.parts {
		object.Parts = append(object.Parts, ObjectPart{p.Number, p.Size, p.Checksums})
	}
	if c.Checksums != nil {
		sums, err := c.Checksums(joined.parts, joined.size)
		if err != nil {
			return nil, errors.Join(err, content.remove())
		}
		object.setChecksums(sums)
	}
	b.writes.Lock()
	defer b.writes.Unlock()
	if _, err := b.upload(key, id); err != nil {
		done, err := b.completed(key, id, c.Parts)
		return done, errors.Join(err, content.remove())
	}
	if err := b.commit(object, c.Conditions, id); err != nil {
		return nil, errors.Join(err, content.remove())
	}
	delete(b.uploads, id)
	b.ended.add(id, ended{key, object.Modified, object})
	return object, u.drop()
}

// joined is an upload whose chosen parts have become one content.
type joined struct {
	*upload
	parts   []PartInfo
	content blob
	size    int64
}

// join makes one content of the chosen parts. When one of them is replaced meanwhile, it begins again with the new one,
// or refuses it.
func (b *Bucket) join(key, id string, c Completion) (joined, error) {
	var before []blob
	for {
		u, parts, err := b.choose(key, id, c.Parts)
		if err != nil {
			return joined{}, err
		}
		contents, infos := make([]blob, len(parts)), make([]PartInfo, len(parts))
		for i, p := range parts {
			contents[i], infos[i] = p.content, p.PartInfo
		}
		also := io.Discard
		if c.Content != nil {
			c.Content.Reset()
			also = c.Content
		}
		content, n, err := b.store.blobs.join(contents, also)
		if err == nil {
			return joined{u, infos, content, n}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || slices.Equal(contents, before) {
			return joined{}, fmt.Errorf("joining parts: %w", err)
		}
		before = contents
	}
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

// multipartETag is the MD5 of the parts' MD5s, a dash and the number of parts, as S3 makes it.
func multipartETag(parts []PartInfo) string {
	sum := md5.New()
	for _, p := range parts {
		raw, _ := hex.DecodeString(strings.Trim(p.ETag, `"`)) // what is none was made by no PutPart
		sum.Write(raw)
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(sum.Sum(nil)), len(parts))
}
