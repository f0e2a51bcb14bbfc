package control

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/journal"
)

// JournalPage is a part of the journal.
type JournalPage struct {
	Entries []journal.Entry `json:"entries" doc:"The requests, oldest first."`
}

var journalQuery = [][2]string{
	{"account", "Id of the account; * and ? are wild."},
	{"accessKey", "Id of the access key; * and ? are wild."},
	{"operation", "Operation, such as s3:PutObject; * and ? are wild."},
	{"region", "Region; * and ? are wild."},
	{"bucket", "Bucket; * and ? are wild."},
	{"resource", "Id of the volume or the snapshot; * and ? are wild."},
	{"prefix", "What the key begins with."},
	{"error", "Error code; * and ? are wild, so that * is any error."},
	{"status", "Status code of the answer; * and ? are wild, such as in 5??."},
	{"after", "Sequence number; only later entries are wanted."},
}

func parseFilter(query url.Values) (journal.Filter, error) {
	filter := journal.Filter{
		Account: query.Get("account"), AccessKey: query.Get("accessKey"), Operation: query.Get("operation"),
		Region: query.Get("region"), Bucket: query.Get("bucket"), Resource: query.Get("resource"), Prefix: query.Get("prefix"), Error: query.Get("error"), Status: query.Get("status"),
	}
	var err error
	filter.After, err = parseSequence(query, "after")
	return filter, err
}

// parseSequence reads a sequence number, or 0 where there is none.
func parseSequence(query url.Values, name string) (uint64, error) {
	value := query.Get(name)
	if value == "" {
		return 0, nil
	}
	sequence, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %q is not a sequence number", errBadRequest, name, value)
	}
	return sequence, nil
}

func encodeFilter(f journal.Filter) url.Values {
	out := url.Values{}
	for name, value := range map[string]string{
		"account": f.Account, "accessKey": f.AccessKey, "operation": f.Operation, "region": f.Region, "bucket": f.Bucket,
		"resource": f.Resource,
		"prefix":   f.Prefix, "error": f.Error, "status": f.Status,
	} {
		if value != "" {
			out.Set(name, value)
		}
	}
	if f.After > 0 {
		out.Set("after", strconv.FormatUint(f.After, 10))
	}
	return out
}

func (s *server) listJournal(w http.ResponseWriter, r *http.Request) error {
	filter, err := parseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, JournalPage{s.Journal.Entries(filter)})
}

func (s *server) followJournal(w http.ResponseWriter, r *http.Request) error {
	filter, err := parseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	if filter.After, err = resumed(r, filter.After); err != nil {
		return err
	}
	return stream(w, r, s.Journal.Follow(r.Context(), filter), func(e journal.Entry) uint64 { return e.Sequence })
}

func (s *server) clearJournal(w http.ResponseWriter, _ *http.Request) error {
	s.Journal.Clear()
	return done(w)
}
