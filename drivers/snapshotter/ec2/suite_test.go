package ec2_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/snapshottertest"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

func TestSuite(t *testing.T) {
	snapshottertest.Test(t, func(t *testing.T) *snapshottertest.Cloud {
		sim := cloud(t)
		with := func(region, id, secret string) snapshotter.Options {
			opts := options(t, sim, region)
			opts.Credentials = file(id, secret, "")
			return opts
		}
		confined := sim.AddKey(t, policy.Statement{Effect: policy.Allow, Actions: []string{"ec2:DescribeVolumes"}})
		return &snapshottertest.Cloud{
			Driver:    ec2.Driver,
			Mine:      snapshottertest.Account{Options: options(t, sim, east), Volume: mine, Zone: "us-east-1a"},
			Others:    snapshottertest.Account{Options: with(east, othersKey.ID, othersKey.Secret), Volume: others, Zone: "us-east-1a"},
			Elsewhere: snapshottertest.Account{Options: options(t, sim, west), Volume: mineInWest, Zone: "us-west-1a"},
			Refused:   map[string]snapshotter.Options{"unknown key": with(east, "AKIANOBODY", "guessed"), "wrong secret": with(east, sim.Key.ID, "guessed")},
			Confined:  with(east, confined.ID, confined.Secret),
			Secrets:   []string{"guessed", sim.Key.Secret, confined.Secret},
			Content:   func(t *testing.T, volume string) string { return content(t, sim, volume) },
			Write: func(t *testing.T) {
				if _, err := sim.Volumes().Write(ebs.Place{Account: simulatortest.Account, Region: east}, mine, []byte("later")); err != nil {
					t.Fatal(err)
				}
			},
			Complete: func() { sim.Clock().Advance(time.Minute) },
			Hang:     func(t *testing.T) { sim.Harm(t, faults.Rule{Fault: faults.Outage{Mode: faults.Hanging}}) },
			Throttle: func(t *testing.T) {
				sim.Harm(t, faults.Rule{Fault: faults.Error{Code: "RequestLimitExceeded", Status: http.StatusServiceUnavailable}})
			},
			LoseAnswer: func(t *testing.T) {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"ec2:CreateSnapshot"}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
			},
		}
	})
}
