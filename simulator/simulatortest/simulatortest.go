// Package simulatortest starts a simulated cloud for a Go test, in the manner of net/http/httptest:
//
//	func TestBackup(t *testing.T) {
//		sim := simulatortest.Start(t)
//		sim.CreateBucket(t, "velero")
//		sim.Harm(t, faults.Rule{Fault: faults.Error{Code: "SlowDown"}, Times: 2})
//		// point a client of S3 at sim.S3, or one of EC2 at sim.EC2, with sim.Key and region sim.Region
//	}
package simulatortest

import (
	"context"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/ec2"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// Account is the id of the account that is there from the start.
const Account = "111111111111"

// Simulator is a cloud that is served on loopback until its test ends. Faults, Journal, Clock and Accounts of the
// embedded simulator control it.
type Simulator struct {
	*simulator.Simulator
	// Endpoints are where it is served; every one of S3 speaks HTTPS too, for clients that trust CertPEM.
	simulator.Endpoints
	// Key is an access key that may do everything in Account.
	Key accounts.Key
	// Region is the first of the cloud's regions.
	Region string
}

// Start starts a cloud with region us-east-1, account Account and one access key. Its configuration can be changed
// before it starts. What can't be started fails the test.
func Start(tb testing.TB, change ...func(*simulator.Config)) *Simulator {
	tb.Helper()
	key := accounts.NewKey()
	config := simulator.Config{
		S3:       simulator.S3Config{Address: "127.0.0.1:0"},
		EC2:      simulator.EC2Config{Address: "127.0.0.1:0"},
		Clouds:   simulator.CloudsConfig{Address: "127.0.0.1:0"},
		Control:  simulator.ControlConfig{Address: "127.0.0.1:0"},
		Metadata: simulator.MetadataConfig{Address: "127.0.0.1:0"},
		Accounts: []simulator.AccountConfig{{
			ID: Account, Name: "test", AccessKeys: []simulator.AccessKeyConfig{{ID: key.ID, Secret: key.Secret}},
		}},
	}
	for _, c := range change {
		c(&config)
	}
	config.SetDefaults()
	sim, err := simulator.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	endpoints, err := sim.Listen(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
		if err := sim.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &Simulator{Simulator: sim, Endpoints: endpoints, Key: key, Region: config.Regions[0]}
}

// Host returns host:port of the global endpoint, as minio-go wants it.
func (s *Simulator) Host() string { return s.S3[len("http://"):] }

// CreateBucket creates a bucket of Account in Region.
func (s *Simulator) CreateBucket(tb testing.TB, name string) {
	tb.Helper()
	if err := s.Simulator.CreateBucket(Account, name, s.Region); err != nil {
		tb.Fatal(err)
	}
}

// CreateVolume creates a volume of 1 GiB of Account in the first zone of Region, which holds the data, and returns its id.
func (s *Simulator) CreateVolume(tb testing.TB, data string) string {
	tb.Helper()
	volume, err := s.Volumes().CreateVolume(ebs.Place{Account: Account, Region: s.Region}, ebs.VolumeRequest{
		Zone: ec2.Zones(s.Region)[0], Performance: ebs.Performance{Size: 1}, Data: []byte(data),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return volume.ID
}

// AddKey adds an access key of Account that may do what the statements say, or everything without any.
func (s *Simulator) AddKey(tb testing.TB, statements ...policy.Statement) accounts.Key {
	tb.Helper()
	key := accounts.NewKey()
	key.Policy = statements
	if err := s.Accounts().Add(Account, key); err != nil {
		tb.Fatal(err)
	}
	return key
}

// Harm adds a fault, and returns its name.
func (s *Simulator) Harm(tb testing.TB, rule faults.Rule) string {
	tb.Helper()
	added, err := s.Faults().Add(rule)
	if err != nil {
		tb.Fatal(err)
	}
	return added.Name
}
