package portworx_test

import (
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/portworx"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/snapshottertest"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

func TestSuite(t *testing.T) {
	snapshottertest.Test(t, func(t *testing.T) *snapshottertest.Cloud {
		sim := cloud(t)
		with := func(credentials string) snapshotter.Options { return with(t, sim.Clouds, credentials) }
		theirPlace := snapshottertest.Account{Options: with(file("px-b", othersKey)), Volume: theirs}
		return &snapshottertest.Cloud{
			Driver:    portworx.Driver,
			Mine:      snapshottertest.Account{Options: with(file(cluster, key)), Volume: mine},
			Others:    theirPlace,
			Elsewhere: theirPlace, // an account has the volumes of its cluster only
			Refused: map[string]snapshotter.Options{
				"unknown key":  with(file(cluster, simulator.AccessKeyConfig{ID: "nobody", Secret: "guessed"})),
				"wrong secret": with(file(cluster, simulator.AccessKeyConfig{ID: key.ID, Secret: "guessed"})),
			},
			Confined: with(file(cluster, readerKey)),
			Secrets:  []string{"guessed", key.Secret, readerKey.Secret},
			Content:  func(t *testing.T, volume string) string { return string(find(t, sim, volume).Content) },
			Write: func(t *testing.T) {
				if _, _, err := sim.Portworx().Write(mine, []byte("later")); err != nil {
					t.Fatal(err)
				}
			},
			Hang:     func(t *testing.T) { sim.Harm(t, faults.Rule{Fault: faults.Outage{Mode: faults.Hanging}}) },
			Throttle: func(t *testing.T) { sim.Harm(t, faults.Rule{Fault: faults.Outage{}}) },
			LoseAnswer: func(t *testing.T) {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"portworx:CreateSnapshot"}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
			},
		}
	})
}
