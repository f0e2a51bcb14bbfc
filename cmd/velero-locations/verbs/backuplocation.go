package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/verbs/keyvalues"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations/provider"
)

var backupLocation = kind[*v1.BackupStorageLocation, *v1.BackupStorageLocationList]{
	singular: "backup-location",
	plural:   "backup-locations",
	short:    "location",
	apiKind:  "BackupStorageLocation",
	created:  "Backup storage location %q configured successfully%s.",
	changed:  "Backup storage location %q configured successfully%s.",
	deleted:  "Backup storage location %q deleted successfully%s.",
	deletes:  "Delete backup-locations; what is stored there stays",
	client: func(c versioned.Interface, namespace string) client[*v1.BackupStorageLocation, *v1.BackupStorageLocationList] {
		return c.VeleroV1().BackupStorageLocations(namespace)
	},
	newList:     func() *v1.BackupStorageLocationList { return &v1.BackupStorageLocationList{} },
	newCreation: func() creation[*v1.BackupStorageLocation] { return &backupLocationCreation{config: keyvalues.Map{}} },
	newChange:   func() change { return &backupLocationChange{credential: secretKey{removable: true}} },
	addFilters: func(flags *pflag.FlagSet) func(*v1.BackupStorageLocation) bool {
		onlyDefault := flags.Bool("default", false, "Only the default location")
		return func(location *v1.BackupStorageLocation) bool { return location.Spec.Default || !*onlyDefault }
	},
	filtered: "the default; `velero backup-location set NAME --default` makes one so",
	columns:  backupLocationColumns,
}

var accessModes = []string{string(v1.AccessModeReadWrite), string(v1.AccessModeReadOnly)}

// backupLocationCreation is a backup location as flags describe it.
type backupLocationCreation struct {
	provider, bucket, prefix, accessMode, caCertFile string

	config                keyvalues.Map
	credential            secretKey
	isDefault             bool
	syncPeriod, frequency time.Duration
}

func (c *backupLocationCreation) addFlags(_ *connection, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.provider, "provider", "", "Provider of the storage, such as aws, azure or gcp (required)")
	flags.StringVar(&c.bucket, "bucket", "", "Bucket in which backups are kept (required)")
	flags.StringVar(&c.prefix, "prefix", "", "Path inside the bucket under which backups are kept")
	flags.Var(c.config, "config", "Settings of the provider, as KEY=VALUE,...")
	flags.Var(&c.credential, "credential", credentialUsage)
	flags.BoolVar(&c.isDefault, "default", false, "Make this the namespace's default location, in place of the present one")
	flags.DurationVar(&c.syncPeriod, "backup-sync-period", 0, "How often to bring backups found in the bucket into the cluster; 0s: never. If absent: as the server is set to")
	flags.DurationVar(&c.frequency, "validation-frequency", 0, "How often to check the location; 0s: once. If absent: as the server is set to")
	flags.StringVar(&c.accessMode, "access-mode", accessModes[0], "What may be done in the location: "+strings.Join(accessModes, " or "))
	flags.StringVar(&c.caCertFile, "cacert", "", "File with certificates (PEM) to verify the storage's endpoint with")
	require(cmd, "provider", "bucket")
	completeFlag(cmd, "provider", provider.Names(provider.ObjectStore)...)
	completeFlag(cmd, "access-mode", accessModes...)
}

func (c *backupLocationCreation) object(cmd *cobra.Command, _ *connection, name string) (*v1.BackupStorageLocation, error) {
	flags := cmd.Flags()
	caCert, err := readCACert(cmd.Context(), c.caCertFile)
	if err != nil {
		return nil, err
	}
	location := &v1.BackupStorageLocation{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.BackupStorageLocationSpec{
		Provider:      c.provider,
		Config:        c.config,
		Credential:    c.credential.selector(),
		ObjectStorage: &v1.ObjectStorageLocation{Bucket: c.bucket, Prefix: c.prefix, CACert: caCert},
		Default:       c.isDefault,
		AccessMode:    v1.BackupStorageLocationAccessMode(c.accessMode),
	}}
	// Nought says something else than nothing.
	if flags.Changed("backup-sync-period") {
		location.Spec.BackupSyncPeriod = &metav1.Duration{Duration: c.syncPeriod}
	}
	if flags.Changed("validation-frequency") {
		location.Spec.ValidationFrequency = &metav1.Duration{Duration: c.frequency}
	}
	return location, nil
}

// backupLocationChange is what set can change of a backup location.
type backupLocationChange struct {
	credential secretKey
	isDefault  bool
	caCertFile string
}

func (c *backupLocationChange) addFlags(flags *pflag.FlagSet) {
	flags.Var(&c.credential, "credential", credentialChangeUsage)
	flags.BoolVar(&c.isDefault, "default", false, "Make this the namespace's default location, in place of the present one. With =false: make it the default no longer")
	flags.StringVar(&c.caCertFile, "cacert", "", `File with certificates (PEM) to verify the storage's endpoint with; "" removes them, those of a Secret, too`)
}

func (c *backupLocationChange) spec(ctx context.Context, flags *pflag.FlagSet) (map[string]any, error) {
	spec := map[string]any{}
	if flags.Changed("credential") {
		spec["credential"] = c.credential.patch()
	}
	if flags.Changed("default") {
		spec["default"] = c.isDefault
	}
	if flags.Changed("cacert") {
		caCert, err := readCACert(ctx, c.caCertFile)
		if err != nil {
			return nil, err
		}
		// Null removes a field. Without certificates, those that the location has from a Secret go, too.
		storage := map[string]any{"caCert": nil, "caCertRef": nil}
		if caCert != nil {
			storage = map[string]any{"caCert": caCert}
		}
		spec["objectStorage"] = storage
	}
	return spec, nil
}

// readCACert reads a file that must not be empty. Without a file there are no certificates.
func readCACert(ctx context.Context, file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	data, err := bounded.ReadFile(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("--cacert: %w", err)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("--cacert: %s is empty", file)
	}
	return data, nil
}

// backupLocationColumns are Velero's and, only if there is something to tell, the message of locations
// that are not available.
func backupLocationColumns(locations []*v1.BackupStorageLocation) []column[*v1.BackupStorageLocation] {
	columns := []column[*v1.BackupStorageLocation]{
		{"Provider", func(l *v1.BackupStorageLocation) string { return l.Spec.Provider }},
		{"Bucket/Prefix", bucketAndPrefix},
		{"Phase", func(l *v1.BackupStorageLocation) string { return orUnknown(string(l.Status.Phase)) }},
		{"Last Validated", func(l *v1.BackupStorageLocation) string {
			if l.Status.LastValidationTime == nil {
				return orUnknown("")
			}
			return l.Status.LastValidationTime.String()
		}},
		{"Access Mode", func(l *v1.BackupStorageLocation) string {
			if l.Spec.AccessMode == "" {
				return string(v1.AccessModeReadWrite)
			}
			return string(l.Spec.AccessMode)
		}},
		{"Default", func(l *v1.BackupStorageLocation) string {
			if l.Spec.Default {
				return "true"
			}
			return ""
		}},
	}
	complaint := func(l *v1.BackupStorageLocation) string {
		return complaintOf(l.Status.Phase == v1.BackupStorageLocationAvailable, l.Status.Message)
	}
	if slices.ContainsFunc(locations, func(l *v1.BackupStorageLocation) bool { return complaint(l) != "" }) {
		columns = append(columns, column[*v1.BackupStorageLocation]{"Message", complaint})
	}
	return columns
}

// complaintOf is the message of a location that is not available, on one line.
func complaintOf(available bool, message string) string {
	if available {
		return ""
	}
	return strings.Join(strings.Fields(message), " ")
}

func bucketAndPrefix(l *v1.BackupStorageLocation) string {
	switch storage := l.Spec.ObjectStorage; {
	case storage == nil: // as a CRD would accept it
		return ""
	case storage.Prefix == "":
		return storage.Bucket
	default:
		return storage.Bucket + "/" + storage.Prefix
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "Unknown"
	}
	return s
}
