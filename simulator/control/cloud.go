package control

import (
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Cloud is what a simulator is, and where.
type Cloud struct {
	Version   string            `json:"version,omitempty" doc:"Version of the program."`
	Started   time.Time         `json:"started" doc:"When the simulator was started, by the machine's clock."`
	Addresses map[string]string `json:"addresses" doc:"The URLs at which it answers, by what answers there."`
	Regions   []string          `json:"regions" doc:"The regions."`
	Accounts  []AccountInfo     `json:"accounts" doc:"The accounts, by id."`
	Buckets   []BucketInfo      `json:"buckets" doc:"The buckets, by name and region."`
}

// AccountInfo is an account.
type AccountInfo struct {
	ID   string `json:"id" doc:"Id of the account."`
	Name string `json:"name,omitempty" doc:"What people call it."`
}

// BucketInfo is a bucket.
type BucketInfo struct {
	Name       string    `json:"name" doc:"Name of the bucket."`
	Region     string    `json:"region" doc:"Its region."`
	Account    string    `json:"account" doc:"Id of the account that owns it."`
	Created    time.Time `json:"created" doc:"When it was created, by the simulator's clock."`
	Versioning string    `json:"versioning,omitempty" doc:"Enabled or Suspended; left out: it never was."`
}

func (s *server) showCloud(w http.ResponseWriter, _ *http.Request) error {
	cloud := Cloud{s.Version, s.Started, s.Addresses(), s.Regions, []AccountInfo{}, []BucketInfo{}}
	for _, account := range s.Accounts.Accounts() {
		cloud.Accounts = append(cloud.Accounts, AccountInfo{account.ID, account.Name})
	}
	for _, bucket := range s.Store.Buckets() {
		cloud.Buckets = append(cloud.Buckets, describeBucket(bucket))
	}
	return writeJSON(w, http.StatusOK, cloud)
}

func describeBucket(bucket *store.Bucket) BucketInfo {
	info := bucket.Info()
	return BucketInfo{info.Name, info.Region, info.Account, info.Created, string(bucket.Settings().Versioning)}
}
