package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// rotating is another key each time, until there is none.
type rotating struct {
	t   *testing.T
	sim *simulatortest.Simulator
	err error
}

func (r *rotating) Key(context.Context) (credentials.AWS, error) {
	key := r.sim.AddKey(r.t)
	return credentials.AWS{AccessKeyID: key.ID, SecretAccessKey: key.Secret}, r.err
}

// TestKeys shows that each request is signed with the key of its moment, also those of one large object, and that nothing is
// sent without one.
func TestKeys(t *testing.T) {
	sim := simulatortest.Start(t)
	sim.CreateBucket(t, "velero")
	endpoint, err := url.Parse(sim.S3)
	if err != nil {
		t.Fatal(err)
	}
	keys := &rotating{t: t, sim: sim}
	s, err := objectstore.NewS3(objectstore.S3Options{Bucket: "velero", Endpoint: endpoint, Region: sim.Region, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Put(t.Context(), "large", bytes.NewReader(make([]byte, 40<<20))); err != nil {
		t.Fatal(err)
	}
	signers := map[string]bool{}
	parts := 0
	for _, entry := range sim.Journal().Entries(journal.Filter{}) {
		if entry.Operation == "s3:UploadPart" {
			parts++
			signers[entry.AccessKey] = true
		}
	}
	if parts < 2 || len(signers) != parts {
		t.Errorf("%d parts were signed with %d keys", parts, len(signers))
	}

	sim.Journal().Clear()
	keys.err = credentials.Elsewhere("x")
	if _, err := s.CommonPrefixes(t.Context(), ""); !errors.Is(err, keys.err) || len(sim.Journal().Entries(journal.Filter{})) > 0 {
		t.Errorf("without a key: got %v, and requests %v", err, sim.Journal().Entries(journal.Filter{}))
	}
}
