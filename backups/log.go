package backups

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// OwnerKey is what the first line of a log names the backup's UID by.
const OwnerKey = "uid"

// firstLine is the most that is read to find the owner: a few words.
const firstLine = 1 << 20

// logOwner returns the UID of the backup that a log is of. Empty: it does not say, as those of Velero do not.
func logOwner(log io.Reader) (string, error) {
	plain, err := gzip.NewReader(log)
	if err != nil {
		return "", fmt.Errorf("decompressing the log: %w", err)
	}
	line, err := bufio.NewReader(bounded.NewReader(plain, firstLine)).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("reading the log: %w", err)
	}
	return ownerIn(line), nil
}

// ownerIn returns the UID in the first line of a log. Empty: it does not say.
func ownerIn(line string) string {
	for word := range strings.FieldsSeq(line) {
		if uid, found := strings.CutPrefix(word, OwnerKey+"="); found {
			return uid
		}
	}
	return ""
}
