package s3

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// extent is the part of a content that is sent; partial says that it is not all.
type extent struct {
	start, length int64
	partial       bool
}

// checkRead holds a reader of an object to its encryption key, which it returns, and to the request's conditions.
func (q *request) checkRead(object *store.Object) (customerKey, error) {
	if value := q.Header.Get(sseHeader); value != "" {
		return customerKey{}, invalidArgument("x-amz-server-side-encryption", value, "x-amz-server-side-encryption header is not supported for this operation.")
	}
	key, err := readCustomerKey(q.Header, customerPrefix)
	if err != nil {
		return key, err
	}
	if err := key.opens(object.CustomerKey); err != nil {
		return key, err
	}
	if err = checkPreconditions(q.Header, "", object); err != nil && aws.AsError(err).Status == http.StatusNotModified {
		q.W.Header().Set("ETag", `"`+object.ETag+`"`)
		q.W.Header().Set("Last-Modified", object.Modified.Format(http.TimeFormat))
	}
	return key, err
}

// beginRead checks that the object may be read, and begins the answer: what is left to send is the extent. After an error nothing
// was sent.
func (q *request) beginRead(object *store.Object) (extent, error) {
	key, err := q.checkRead(object)
	if err != nil {
		return extent{}, err
	}
	wanted, err := q.extent(object)
	if err != nil {
		return extent{}, err
	}
	h := q.W.Header()
	q.describeContent(object, h)
	q.describe(object, key, h)
	describeState(object, h)
	q.describeRestore(object, h)
	if q.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		q.describeChecksumsOf(wanted, object, h)
	}
	h.Set("Content-Length", strconv.FormatInt(wanted.length, 10))
	if !wanted.partial {
		q.W.WriteHeader(http.StatusOK)
		return wanted, nil
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", wanted.start, wanted.start+wanted.length-1, object.Size))
	q.W.WriteHeader(http.StatusPartialContent)
	return wanted, nil
}

// extent is what the request asks for of an object: a part by its number, a range of bytes, or all.
func (q *request) extent(object *store.Object) (extent, error) {
	if q.query.Has("partNumber") {
		return q.partExtent(object)
	}
	if value := q.Header.Get("Range"); value != "" {
		return parseRange(value, object.Size)
	}
	return extent{length: object.Size}, nil
}

// partExtent finds the part that the request names; an object that came in one piece is its own part 1.
func (q *request) partExtent(object *store.Object) (extent, error) {
	value := q.query.Get("partNumber")
	number, err := parsePartNumber(value)
	if err != nil {
		return extent{}, err
	}
	if q.Header.Get("Range") != "" {
		return extent{}, aws.NewError(http.StatusBadRequest, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
	}
	parts := object.Parts
	if len(parts) == 0 {
		parts = []store.ObjectPart{{Number: 1, Size: object.Size}}
	} else {
		q.W.Header().Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(parts)))
	}
	if number > len(parts) {
		return extent{}, aws.NewError(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable").
			With("PartNumberRequested", value).With("ActualPartCount", strconv.Itoa(len(parts)))
	}
	if parts[number-1].Size == 0 {
		return extent{length: object.Size}, nil // no range is empty
	}
	out := extent{length: parts[number-1].Size, partial: true}
	for _, before := range parts[:number-1] {
		out.start += before.Size
	}
	return out, nil
}

var rangePattern = regexp.MustCompile(`^bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))$`)

// parseRange reads a Range header as S3 does: it ignores one that is malformed, or asks for several ranges, and gives the
// whole object for a suffix that is longer than it.
func parseRange(value string, size int64) (extent, error) {
	bounds := rangePattern.FindStringSubmatch(value)
	if bounds == nil {
		return extent{length: size}, nil
	}
	if bounds[3] != "" {
		suffix, _ := strconv.ParseInt(bounds[3], 10, 64)
		if suffix = min(suffix, size); suffix == 0 {
			return extent{}, invalidRange()
		}
		return extent{size - suffix, suffix, true}, nil
	}
	from, _ := strconv.ParseInt(bounds[1], 10, 64)
	to := size - 1
	if bounds[2] != "" {
		last, _ := strconv.ParseInt(bounds[2], 10, 64)
		if last < from {
			return extent{length: size}, nil
		}
		to = min(to, last)
	}
	if from >= size {
		return extent{}, invalidRange()
	}
	return extent{from, to - from + 1, true}, nil
}

func invalidRange() *aws.Error {
	return aws.NewError(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
}

// maxPiece bounds what is sent in one write, for which a client has a time limit, and the memory for it. On loopback, pieces
// of two to four times the size are slower by a sixth.
const maxPiece = 32 << 10

// send writes an extent of a content, without a copy where the content can do so. All of it is checked, and its last piece held
// back when it is not what was written; a part of it cannot be.
func send(w io.Writer, content store.Content, wanted extent, size int64) error {
	if direct, is := content.(store.RangeWriter); is {
		_, err := direct.WriteRange(w, wanted.start, wanted.length, maxPiece)
		return err
	}
	buffer := make([]byte, max(1, min(wanted.length, maxPiece)))
	var reader io.Reader = io.NewSectionReader(content, wanted.start, wanted.length)
	if wanted.length == size {
		reader = store.Whole(content, size)
	}
	_, err := io.CopyBuffer(w, reader, buffer)
	return err
}

// overrides are the headers that a reader can ask for other values of, by the parameter for it.
var overrides = map[string]string{
	"response-content-type": "Content-Type", "response-content-language": "Content-Language", "response-expires": "Expires",
	"response-cache-control": "Cache-Control", "response-content-disposition": "Content-Disposition", "response-content-encoding": "Content-Encoding",
}

// describeContent adds the headers that an object was written with, or those that the reader asks for in their place.
func (q *request) describeContent(object *store.Object, h http.Header) {
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "binary/octet-stream")
	h.Set("Last-Modified", object.Modified.Format(http.TimeFormat))
	for name, value := range object.Headers {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			name = strings.ToLower(name) // as S3 sends them: clients not written in Go take the name as it comes
		}
		h[name] = []string{value}
	}
	if len(q.query) == 0 {
		return
	}
	for parameter, name := range overrides {
		if value := q.query.Get(parameter); value != "" {
			h.Set(name, value)
		}
	}
}

// describe adds the headers by which S3 confirms what is stored.
func (q *request) describe(object *store.Object, key customerKey, h http.Header) {
	h["Etag"] = []string{`"` + object.ETag + `"`}
	if q.bucket.Settings().Versioning != "" {
		h.Set("X-Amz-Version-Id", object.Version)
	}
	describeEncryption(object.Attributes, key, h)
	q.describeExpiry(object, h)
}

// describeState adds what was said of an object after it was written, too: its tags and its lock.
func describeState(object *store.Object, h http.Header) {
	if len(object.Tags) > 0 {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(object.Tags)))
	}
	if object.Retention.Mode != "" {
		h.Set(lockModeHeader, object.Retention.Mode)
		h.Set(lockUntilHeader, formatTime(object.Retention.Until))
	}
	if hold := legalHoldOf(object); hold != "" {
		h.Set(legalHoldHeader, hold)
	}
}

// describeChecksumsOf adds the checksums of a part that the request names, or of the whole object; a range has none.
func (q *request) describeChecksumsOf(wanted extent, object *store.Object, h http.Header) {
	number, _ := strconv.Atoi(q.query.Get("partNumber")) // checked by partExtent
	switch {
	case number > 0 && len(object.Parts) > 0:
		setHeaders(object.Parts[number-1].Checksums, h)
	case number > 0 || !wanted.partial:
		describeChecksums(object, h)
	}
}

func describeChecksums(object *store.Object, h http.Header) {
	setHeaders(object.AllChecksums(), h)
	if kind := checksumTypeOf(object); kind != "" {
		h.Set("X-Amz-Checksum-Type", kind)
	}
}

func setHeaders(headers map[string]string, h http.Header) {
	for name, value := range headers {
		h.Set(name, value)
	}
}
