package objectstore

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Object is an object that is read, and what the storage says of it. The caller closes it.
type Object struct {
	io.ReadCloser

	// Modified is when it was stored, by the storage's clock.
	Modified time.Time

	size, read int64
	// md5 is that of what was read, and tag the one that the ETag says; empty: it says another thing.
	md5 hash.Hash
	tag string
	// sum is a checksum of what was read, and stored the one that was stored with the object; nil: none was.
	sum    hash.Hash
	stored string
	name   string // of the checksum
}

// hexMD5 is an ETag that may be the MD5 of the content. That of an object which was sent in parts is another.
var hexMD5 = regexp.MustCompile(`^[0-9a-f]{32}$`)

func newObject(body io.ReadCloser, info *minio.ObjectInfo, header http.Header) *Object {
	o := &Object{ReadCloser: body, Modified: info.LastModified, size: info.Size, md5: md5.New()}
	encrypted := header.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") != "" || strings.HasPrefix(header.Get("X-Amz-Server-Side-Encryption"), "aws:kms")
	if tag := strings.Trim(info.ETag, `"`); hexMD5.MatchString(tag) && !encrypted {
		o.tag = tag
	}
	for _, checksum := range []struct {
		algorithm minio.ChecksumType
		stored    string
	}{
		{minio.ChecksumSHA256, info.ChecksumSHA256},
		{minio.ChecksumSHA1, info.ChecksumSHA1},
		{minio.ChecksumCRC64NVME, info.ChecksumCRC64NVME},
		{minio.ChecksumCRC32C, info.ChecksumCRC32C},
		{minio.ChecksumCRC32, info.ChecksumCRC32},
	} {
		if checksum.stored != "" && !strings.Contains(checksum.stored, "-") { // else it is a checksum of those of parts
			o.sum, o.stored, o.name = checksum.algorithm.Hasher(), checksum.stored, checksum.algorithm.String()
			break
		}
	}
	return o
}

// Read implements io.Reader.
func (o *Object) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	o.read += int64(n)
	o.md5.Write(p[:n])
	if o.sum != nil {
		o.sum.Write(p[:n])
	}
	return n, err // io.EOF must stay what it is
}

// Verify returns an error if an object that was read to its end does not have the length or the checksum that the storage says.
func (o *Object) Verify() error {
	if o.size >= 0 && o.read != o.size {
		return fmt.Errorf("the storage says that it has %d bytes, and gave %d", o.size, o.read)
	}
	if o.sum == nil {
		return nil
	}
	if got := base64.StdEncoding.EncodeToString(o.sum.Sum(nil)); got != o.stored {
		return fmt.Errorf("its content has the %s checksum %s, not %s, which was stored with it", o.name, got, o.stored)
	}
	return nil
}

// VerifyTag compares what was read with the ETag. Not every storage makes it of the content: a difference proves damage only where
// the ETags of other objects agree. Compared is false if it cannot be an MD5 at all.
func (o *Object) VerifyTag() (compared bool, err error) {
	if o.tag == "" {
		return false, nil
	}
	if got := hex.EncodeToString(o.md5.Sum(nil)); got != o.tag {
		return true, fmt.Errorf("its content has the MD5 %s, not %s, which its ETag says", got, o.tag)
	}
	return true, nil
}

// timed is a body that says of which storage it is when the connection carries nothing any more.
type timed struct {
	io.ReadCloser

	stalled func(error) error
}

func (t *timed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = t.stalled(err)
	}
	return n, err // io.EOF must stay what it is
}

// Open implements Store.
func (s *S3) Open(ctx context.Context, key string) (*Object, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, s.failed(ctx, reading, key, err)
	}
	options := minio.GetObjectOptions{ServerSideEncryption: s.customerKey()}
	options.Set("X-Amz-Checksum-Mode", "ENABLED") // the client's own option has it compare, with an error that is none to tell from others
	core := minio.Core{Client: client}            // asks once, and does not read ahead
	body, info, header, err := core.GetObject(ctx, s.opts.Bucket, key, options)
	switch {
	case err == nil:
		said := &timed{ReadCloser: body, stalled: func(err error) error { return s.failed(ctx, reading, key, err) }}
		return newObject(said, &info, header), nil
	case minio.ToErrorResponse(err).Code == minio.NoSuchKey:
		return nil, fmt.Errorf("%s of the bucket %q: %w", key, s.opts.Bucket, ErrNotFound)
	}
	return nil, s.failed(ctx, reading, key, err)
}
