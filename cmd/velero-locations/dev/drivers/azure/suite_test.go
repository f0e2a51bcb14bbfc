package azure_test

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/azure"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/snapshottertest"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

func TestSuite(t *testing.T) {
	snapshottertest.Test(t, func(t *testing.T) *snapshottertest.Cloud {
		sim := cloud(t)
		with := func(credentials string, settings ...string) snapshotter.Options {
			return with(t, sim.Clouds, credentials, settings...)
		}
		return &snapshottertest.Cloud{
			Driver:    azure.Driver,
			Mine:      snapshottertest.Account{Options: with(file(tenant, mine, key)), Volume: "orders", Zone: "eastus-2"},
			Others:    snapshottertest.Account{Options: with(file(otherTenant, others, othersKey)), Volume: "theirs"},
			Elsewhere: snapshottertest.Account{Options: with(file(tenant, mine, key), "resourceGroup", "backups"), Volume: "orders"},
			Refused: map[string]snapshotter.Options{
				"unknown client": with(file(tenant, mine, simulator.AccessKeyConfig{ID: "nobody", Secret: "guessed"})),
				"wrong secret":   with(file(tenant, mine, simulator.AccessKeyConfig{ID: key.ID, Secret: "guessed"})),
			},
			Confined: with(file(tenant, mine, readerKey)),
			Secrets:  []string{"guessed", key.Secret, readerKey.Secret},
			Content: func(t *testing.T, volume string) string {
				return string(find(t, sim, strings.TrimSuffix(orders, "orders")+volume).Content)
			},
			Write: func(t *testing.T) {
				if _, _, err := sim.Azure().Write(orders, []byte("later")); err != nil {
					t.Fatal(err)
				}
			},
			Hang:     func(t *testing.T) { sim.Harm(t, faults.Rule{Fault: faults.Outage{Mode: faults.Hanging}}) },
			Throttle: func(t *testing.T) { sim.Harm(t, faults.Rule{Fault: faults.Error{Code: "TooManyRequests"}}) },
			LoseAnswer: func(t *testing.T) {
				sim.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"azure:CreateSnapshot"}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
			},
		}
	})
}
