package ec2_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// inProcess serves a client without a network, so that what is measured is the simulator and the client.
type inProcess struct{ handler http.Handler }

func (p inProcess) Do(r *http.Request) (*http.Response, error) {
	r.Host = r.URL.Host
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// populate makes n snapshots of n/10 volumes, each with the tags that Velero gives them.
func populate(b *testing.B, n int) (client *awsec2.Client, ids []string) {
	b.Helper()
	config := twoAccounts()
	sim, err := simulator.New(config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = sim.Close() })
	place := ebs.Place{Account: alice, Region: "us-east-1"}
	volume := ""
	for i := range n {
		if i%10 == 0 {
			made, err := sim.Volumes().CreateVolume(place, ebs.VolumeRequest{Zone: "us-east-1a", Performance: ebs.Performance{Size: 1}})
			if err != nil {
				b.Fatal(err)
			}
			volume = made.ID
		}
		made, err := sim.Volumes().CreateSnapshot(place, volume, ebs.SnapshotRequest{Tags: ebs.Tags{
			"velero.io/backup": fmt.Sprintf("backup-%d", i/10), "velero.io/pv": fmt.Sprintf("pv-%d", i), "velero.io/storage-location": "default",
		}})
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, made.ID)
	}
	client = newClient("http://ec2", aliceKey, "us-east-1")
	return awsec2.New(client.Options(), func(o *awsec2.Options) { o.HTTPClient = inProcess{sim.EC2Handler()} }), ids
}

// BenchmarkDescribeSnapshots finds 1 snapshot by its id and 10 by filters among ever more; each size must cost the same.
func BenchmarkDescribeSnapshots(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		client, ids := populate(b, n)
		found, err := client.DescribeSnapshots(b.Context(), &awsec2.DescribeSnapshotsInput{SnapshotIds: ids[n/2 : n/2+1]})
		if err != nil {
			b.Fatal(err)
		}
		for _, by := range []struct {
			name string
			in   awsec2.DescribeSnapshotsInput
			want int
		}{
			{"id", awsec2.DescribeSnapshotsInput{SnapshotIds: ids[n/2 : n/2+1]}, 1},
			{"volume", awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("volume-id", aws.ToString(found.Snapshots[0].VolumeId))}}, 10},
			{"tag", awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag:velero.io/backup", fmt.Sprintf("backup-%d", n/20))}}, 10},
			{"tag-and-status", awsec2.DescribeSnapshotsInput{Filters: []types.Filter{
				filter("tag:velero.io/backup", fmt.Sprintf("backup-%d", n/20)), filter("status", "pending", "completed"),
			}}, 10},
			{"page", awsec2.DescribeSnapshotsInput{Filters: []types.Filter{filter("tag:velero.io/storage-location", "default")}, MaxResults: aws.Int32(10)}, 10},
		} {
			b.Run(fmt.Sprintf("by=%s/snapshots=%d", by.name, n), func(b *testing.B) {
				for b.Loop() {
					out, err := client.DescribeSnapshots(b.Context(), &by.in)
					if err != nil || len(out.Snapshots) != by.want {
						b.Fatalf("%d, %v", len(out.Snapshots), err)
					}
				}
			})
		}
	}
}
