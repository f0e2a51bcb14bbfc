package verbs

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/verbs/keyvalues"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// Unlike Velero's client, delete is among its verbs.
var snapshotLocation = kind[*v1.VolumeSnapshotLocation, *v1.VolumeSnapshotLocationList]{
	singular: "snapshot-location",
	plural:   "snapshot-locations",
	short:    "location",
	apiKind:  "VolumeSnapshotLocation",
	created:  "Snapshot volume location %q configured successfully%s.",
	changed:  "Volume snapshot location %q configured successfully%s.",
	deleted:  "Volume snapshot location %q deleted successfully%s.",
	deletes:  "Delete snapshot-locations; the snapshots stay",
	client: func(c versioned.Interface, namespace string) client[*v1.VolumeSnapshotLocation, *v1.VolumeSnapshotLocationList] {
		return c.VeleroV1().VolumeSnapshotLocations(namespace)
	},
	newList:     func() *v1.VolumeSnapshotLocationList { return &v1.VolumeSnapshotLocationList{} },
	newCreation: func() creation[*v1.VolumeSnapshotLocation] { return &snapshotLocationCreation{config: keyvalues.Map{}} },
	newChange:   func() change { return &snapshotLocationChange{credential: secretKey{removable: true}} },
	columns:     snapshotLocationColumns,
}

// snapshotLocationColumns are those of Velero's client, which knows no status of these locations,
// until there is something to complain of.
func snapshotLocationColumns(locations []*v1.VolumeSnapshotLocation) []column[*v1.VolumeSnapshotLocation] {
	columns := []column[*v1.VolumeSnapshotLocation]{
		{"Provider", func(l *v1.VolumeSnapshotLocation) string { return l.Spec.Provider }},
	}
	complaint := func(l *v1.VolumeSnapshotLocation) string {
		return complaintOf(l.Status.Phase == v1.VolumeSnapshotLocationAvailable, l.Status.Message)
	}
	if slices.ContainsFunc(locations, func(l *v1.VolumeSnapshotLocation) bool { return complaint(l) != "" }) {
		columns = append(columns, []column[*v1.VolumeSnapshotLocation]{
			{"Phase", func(l *v1.VolumeSnapshotLocation) string { return orUnknown(string(l.Status.Phase)) }},
			{"Message", complaint},
		}...)
	}
	return columns
}

// snapshotLocationCreation is a snapshot location as flags describe it.
type snapshotLocationCreation struct {
	provider   string
	config     keyvalues.Map
	credential secretKey
}

func (c *snapshotLocationCreation) addFlags(_ *connection, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.provider, "provider", "", "Provider of the volumes, such as aws, azure, gcp or portworx (required)")
	flags.Var(c.config, "config", "Settings of the provider, as KEY=VALUE,...")
	flags.Var(&c.credential, "credential", credentialUsage)
	require(cmd, "provider")
	completeFlag(cmd, "provider", provider.Names(provider.VolumeSnapshotter)...)
}

func (c *snapshotLocationCreation) object(_ *cobra.Command, _ *connection, name string) (*v1.VolumeSnapshotLocation, error) {
	return &v1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.VolumeSnapshotLocationSpec{
		Provider: c.provider, Config: c.config, Credential: c.credential.selector(),
	}}, nil
}

// snapshotLocationChange is what set can change of a snapshot location.
type snapshotLocationChange struct {
	credential secretKey
}

func (c *snapshotLocationChange) addFlags(flags *pflag.FlagSet) {
	flags.Var(&c.credential, "credential", credentialChangeUsage)
}

func (c *snapshotLocationChange) spec(_ context.Context, flags *pflag.FlagSet) (map[string]any, error) {
	spec := map[string]any{}
	if flags.Changed("credential") {
		spec["credential"] = c.credential.patch()
	}
	return spec, nil
}
