package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

var copyRange = regexp.MustCompile(`^bytes=(\d{1,18})-(\d{1,18})$`)

// uploadPartCopy is UploadPartCopy: a part whose content is a range of another object.
func uploadPartCopy(q *request) error {
	number, upload, err := q.part()
	if err != nil {
		return err
	}
	from, err := q.openSource()
	if err != nil {
		return err
	}
	part, err := q.copyPart(from, number, upload)
	if err = errors.Join(err, from.content.Close()); err != nil {
		return refusal(err, q.key)
	}
	return q.writeCopyResult(from, copyResult{
		XMLName: xml.Name{Local: "CopyPartResult"}, ETag: part.ETag, LastModified: formatTime(part.Modified), Checksums: part.Checksums,
	})
}

func (q *request) copyPart(from *source, number int, upload store.UploadInfo) (store.PartInfo, error) {
	start, size, err := parseCopyRange(q.Header.Get("X-Amz-Copy-Source-Range"), from.object.Size)
	if err != nil {
		return store.PartInfo{}, err
	}
	var content io.Reader = io.NewSectionReader(from.content, start, size)
	if size == from.object.Size {
		content = store.Whole(from.content, size)
	}
	body := payload.NewStream(content)
	if upload.ChecksumAlgorithm != "" {
		if err := body.Compute(upload.ChecksumAlgorithm); err != nil {
			return store.PartInfo{}, err
		}
	}
	return q.bucket.PutPart(q.key, upload.ID, number, store.Write{Body: body, Size: size, Checksums: body.Checksums})
}

func parseCopyRange(value string, size int64) (from, length int64, err error) {
	if value == "" {
		return 0, size, nil
	}
	invalid := aws.NewError(http.StatusBadRequest, "InvalidArgument",
		"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy").
		With("ArgumentName", "x-amz-copy-source-range").With("ArgumentValue", value)
	parts := copyRange.FindStringSubmatch(value)
	if parts == nil {
		return 0, 0, invalid
	}
	from, _ = strconv.ParseInt(parts[1], 10, 64)
	to, _ := strconv.ParseInt(parts[2], 10, 64)
	if from > to || to >= size {
		return 0, 0, invalid
	}
	return from, to - from + 1, nil
}
