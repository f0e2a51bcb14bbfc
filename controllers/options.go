package controllers

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/locations/selection"
)

// Options says which controllers run, where, and how.
type Options struct {
	// Controllers are names of controllers: "foo" turns one on, "-foo" off; "*" stands for the default set.
	Controllers []string
	// Namespace is the only one to work in. Empty: all.
	Namespace string

	// SnapshotDrivers reach the volumes of volume snapshot locations. Those of a provider without one are left unchecked.
	SnapshotDrivers snapshotter.Drivers
	// DefaultS3Endpoint is the URL of the storage of locations that name no s3Url. Empty: Amazon's.
	DefaultS3Endpoint string
	// DefaultVolumeEndpoints are URLs of the services that hold volumes, by the name of the provider, in any form,
	// for locations whose credentials name no other. A provider that is not there has its own.
	DefaultVolumeEndpoints map[string]string
	// DefaultSTSEndpoint is the URL of the service that roles are assumed at, for locations whose credentials name no other.
	// Empty: Amazon's.
	DefaultSTSEndpoint string
	// LendIdentity lets locations use the identity of the controller's pod.
	LendIdentity bool
	// ValidationFrequency is how often a location is checked whose spec does not say. 0: only when it changes.
	ValidationFrequency time.Duration
	// ValidationTimeout is how long one check may take.
	ValidationTimeout time.Duration
	// ProbeWrites has checks find out whether locations can be written to.
	ProbeWrites bool

	// SelectionDefaults are what backups get whose namespace does not say where they go.
	SelectionDefaults selection.Defaults
	// DefaultBackupTTL is how long backups are kept whose spec does not say.
	DefaultBackupTTL time.Duration
	// ConcurrentBackups is how many backups run at a time.
	ConcurrentBackups int
	// BackupSyncPeriod is how often the bucket of a location is looked at whose spec does not say. 0: never.
	BackupSyncPeriod time.Duration
	// GarbageCollectionFrequency is how often an expired backup that could not be deleted is tried again.
	GarbageCollectionFrequency time.Duration
	// TerminatingResourceTimeout is how long a restore waits for a namespace, or a persistent volume, that is being deleted, and
	// ResourceTimeout until objects of a definition that it made can be made, and until a snapshot is complete.
	TerminatingResourceTimeout, ResourceTimeout time.Duration
	// VerifyBackups is how often each backup is verified without being asked for. 0: never.
	VerifyBackups time.Duration
	// VerifyBandwidth is how many bytes a second are read of backups that are verified. 0: as many as there come.
	VerifyBandwidth resource.QuantityValue
	// LocationWait is how long a backup or restore waits for the first check of a location that is new; and one that was interrupted
	// for its location to answer.
	LocationWait time.Duration

	// ServerNamespace and ServerService are where kube-apiserver reaches the API server whose certificates are kept.
	ServerNamespace, ServerService string
	// StorageStallTimeout is how long a connection to object storage may carry nothing before it is given up; and how
	// long a provider of volumes may take to answer.
	StorageStallTimeout time.Duration

	// LeaderElection lets only one of several processes work at a time.
	LeaderElection bool
	// LeaderElectionNamespace is where the lease is kept.
	LeaderElectionNamespace string

	// MetricsAddress and HealthAddress are where metrics (/metrics) and probes (/healthz, /readyz)
	// are served, as host:port. Empty: not at all.
	MetricsAddress, HealthAddress string

	metrics *metrics.Metrics // set by Run
}

// NewOptions returns the defaults: the default set of controllers in all namespaces, a check every
// minute as Velero's server does, no leader election, and nothing served.
func NewOptions() Options {
	return Options{
		Controllers:                []string{defaultSet},
		SnapshotDrivers:            snapshotter.Drivers{provider.AWS: ec2.Driver},
		ValidationFrequency:        time.Minute,
		ValidationTimeout:          10 * time.Second,
		SelectionDefaults:          selection.Defaults{StorageLocation: selection.DefaultStorageLocation},
		DefaultBackupTTL:           30 * 24 * time.Hour,
		ConcurrentBackups:          1,
		BackupSyncPeriod:           time.Minute,
		GarbageCollectionFrequency: time.Hour,
		TerminatingResourceTimeout: 10 * time.Minute,
		ResourceTimeout:            10 * time.Minute,
		LocationWait:               time.Minute,
		ServerNamespace:            "velero-locations",
		ServerService:              "velero-locations",
		StorageStallTimeout:        time.Minute,
		LeaderElectionNamespace:    "velero",
	}
}

// AddFlags defines a flag for each option, with the present values as defaults.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.Controllers, "controllers", o.Controllers,
		fmt.Sprintf("Controllers to run, separated by commas: '*' stands for those that run by default (%s), 'foo' turns one on, '-foo' turns one off, as in '*,-expiry'. Known: %s.",
			strings.Join(defaultNames(), ", "), strings.Join(Names(), ", ")))
	flags.StringVar(&o.Namespace, "namespace", o.Namespace,
		"The only namespace to work in; empty: all.")
	flags.StringVar(&o.DefaultS3Endpoint, "default-s3-endpoint", o.DefaultS3Endpoint,
		"URL of the S3-compatible storage of locations whose spec.config has no s3Url, which gets the bucket in the path; empty: Amazon S3.")
	flags.StringToStringVar(&o.DefaultVolumeEndpoints, "default-volume-endpoints", o.DefaultVolumeEndpoints,
		"URLs of the services that hold volumes, as provider=URL,..., such as aws=http://localstack:4566 for EC2, unless a volume snapshot location's credentials name another; "+
			"a provider that is not named: its own.")
	flags.StringVar(&o.DefaultSTSEndpoint, "default-sts-endpoint", o.DefaultSTSEndpoint,
		"URL of the service at which the roles of credentials are assumed, unless a location's credentials name another; empty: AWS STS.")
	flags.BoolVar(&o.LendIdentity, "lend-identity", o.LendIdentity,
		"Let locations use the AWS identity of this controller's pod and of its node, as those of Velero's pod. "+
			"Whoever may write a location then acts with it.")
	flags.DurationVar(&o.ValidationFrequency, "store-validation-frequency", o.ValidationFrequency,
		"How often to check a location without spec.validationFrequency; 0: only when it changes.")
	flags.DurationVar(&o.ValidationTimeout, "validation-timeout", o.ValidationTimeout,
		"How long one check of a location may take.")
	flags.BoolVar(&o.ProbeWrites, "probe-writes", o.ProbeWrites,
		"Find out, when a backup storage location is checked that is not read-only, whether it can be written to: by an upload that is aborted, and leaves nothing.")
	o.SelectionDefaults.AddFlags(flags)
	flags.DurationVar(&o.DefaultBackupTTL, "default-backup-ttl", o.DefaultBackupTTL,
		"How long to keep backups without spec.ttl.")
	flags.IntVar(&o.ConcurrentBackups, "concurrent-backups", o.ConcurrentBackups,
		"How many backups run at a time.")
	flags.DurationVar(&o.BackupSyncPeriod, "backup-sync-period", o.BackupSyncPeriod,
		"How often to look for backups in the bucket of a backup storage location without spec.backupSyncPeriod; 0: never.")
	flags.DurationVar(&o.GarbageCollectionFrequency, "garbage-collection-frequency", o.GarbageCollectionFrequency,
		"How often to try again to delete an expired backup that could not be deleted.")
	flags.DurationVar(&o.LocationWait, "location-wait", o.LocationWait,
		"How long a backup or restore waits for the first check of a backup storage location that is new; "+
			"and one that was interrupted for its location to answer.")
	flags.DurationVar(&o.TerminatingResourceTimeout, "terminating-resource-timeout", o.TerminatingResourceTimeout,
		"How long a restore waits for a namespace, or a persistent volume, that is being deleted.")
	flags.DurationVar(&o.ResourceTimeout, "resource-timeout", o.ResourceTimeout,
		"How long a restore waits until objects of a restored definition can be made, and until a snapshot is complete.")
	flags.DurationVar(&o.VerifyBackups, "verify-backups", o.VerifyBackups,
		"How often to verify each backup, one at a time, by reading it from its bucket as a restore would; 0: only those that somebody asks for.")
	flags.Var(&o.VerifyBandwidth, "verify-bandwidth",
		"How many bytes to read in a second of backups that are verified, such as 10Mi; 0: as many as there come.")
	flags.StringVar(&o.ServerNamespace, "server-namespace", o.ServerNamespace,
		"Namespace of the API server whose certificates the controller \"certificates\" keeps.")
	flags.StringVar(&o.ServerService, "server-service", o.ServerService,
		"Service of the API server whose certificates the controller \"certificates\" keeps.")
	flags.DurationVar(&o.StorageStallTimeout, "storage-stall-timeout", o.StorageStallTimeout,
		"How long a connection to object storage may carry nothing, in either direction, before it is given up; and how long a provider of volumes may take to answer.")
	flags.BoolVar(&o.LeaderElection, "leader-elect", o.LeaderElection,
		"Work only while holding a lease, so that of several replicas one works at a time.")
	flags.StringVar(&o.LeaderElectionNamespace, "leader-elect-namespace", o.LeaderElectionNamespace,
		"Namespace of the lease.")
	flags.StringVar(&o.MetricsAddress, "metrics-address", o.MetricsAddress,
		"Address, as host:port, at which Prometheus metrics are served over HTTP; empty: not served.")
	flags.StringVar(&o.HealthAddress, "health-address", o.HealthAddress,
		"Address, as host:port, at which /healthz and /readyz are served over HTTP; empty: not served.")
}

// Validate reports every option that cannot be used.
func (o *Options) Validate() error {
	var problems []error
	if _, err := choose(o.Controllers); err != nil {
		problems = append(problems, err)
	}
	if _, err := o.backend(); err != nil {
		problems = append(problems, err)
	}
	for _, check := range []struct {
		flag     string
		value    time.Duration
		positive bool // else 0 has a meaning
	}{
		{"store-validation-frequency", o.ValidationFrequency, false},
		{"validation-timeout", o.ValidationTimeout, true},
		{"default-backup-ttl", o.DefaultBackupTTL, true},
		{"backup-sync-period", o.BackupSyncPeriod, false},
		{"garbage-collection-frequency", o.GarbageCollectionFrequency, true},
		{"location-wait", o.LocationWait, false},
		{"terminating-resource-timeout", o.TerminatingResourceTimeout, true},
		{"resource-timeout", o.ResourceTimeout, true},
		{"storage-stall-timeout", o.StorageStallTimeout, true},
		{"verify-backups", o.VerifyBackups, false},
	} {
		switch {
		case check.value < 0 && !check.positive:
			problems = append(problems, fmt.Errorf("--%s is %s: it must not be negative", check.flag, check.value))
		case check.value <= 0 && check.positive:
			problems = append(problems, fmt.Errorf("--%s is %s: it must be positive", check.flag, check.value))
		}
	}
	if o.VerifyBandwidth.Sign() < 0 {
		problems = append(problems, fmt.Errorf("--verify-bandwidth is %s: it must not be negative", o.VerifyBandwidth.String()))
	}
	if o.ConcurrentBackups < 1 {
		problems = append(problems, fmt.Errorf("--concurrent-backups is %d: it must be at least 1", o.ConcurrentBackups))
	}
	if o.LeaderElection && o.LeaderElectionNamespace == "" {
		problems = append(problems, errors.New("--leader-elect needs --leader-elect-namespace"))
	}
	if o.ServerNamespace == "" || o.ServerService == "" {
		problems = append(problems, errors.New("--server-namespace and --server-service must not be empty"))
	}
	return errors.Join(problems...)
}

// backend returns what opens the storage of locations, but for the reader of Secrets.
func (o *Options) backend() (backend.Backend, error) {
	var problems []error
	endpoint, err := provider.ParseURL(o.DefaultS3Endpoint)
	if err != nil {
		problems = append(problems, fmt.Errorf("--default-s3-endpoint %w", err))
	}
	sts, err := provider.ParseURL(o.DefaultSTSEndpoint)
	if err != nil {
		problems = append(problems, fmt.Errorf("--default-sts-endpoint %w", err))
	}
	storage := backend.Backend{
		S3Endpoint: endpoint, STSEndpoint: sts, LendIdentity: o.LendIdentity,
		SnapshotDrivers: o.SnapshotDrivers, VolumeEndpoints: map[string]*url.URL{}, StallTimeout: o.StorageStallTimeout,
	}
	for _, name := range slices.Sorted(maps.Keys(o.DefaultVolumeEndpoints)) {
		if _, found := o.SnapshotDrivers.Find(name); !found {
			problems = append(problems, fmt.Errorf("--default-volume-endpoints: there is no driver for provider %q", name))
			continue
		}
		endpoint, err := provider.ParseURL(o.DefaultVolumeEndpoints[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("--default-volume-endpoints: that of %q %w", name, err))
		}
		storage.VolumeEndpoints[provider.Find(name, provider.VolumeSnapshotter).Name] = endpoint
	}
	return storage, errors.Join(problems...)
}

// choose returns the controllers that run, in order, of which some must.
func choose(choice []string) ([]string, error) {
	for _, name := range choice {
		if name != defaultSet && !slices.Contains(Names(), strings.TrimPrefix(name, "-")) {
			return nil, fmt.Errorf("--controllers: there is no controller %q; known are %s, and '*' for the default set", name, strings.Join(Names(), ", "))
		}
	}
	chosen := slices.DeleteFunc(Names(), func(name string) bool { return !isOn(name, choice) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("--controllers turns none on; known are %s, and '*' for the default set", strings.Join(Names(), ", "))
	}
	return chosen, nil
}

// isOn says whether a controller runs, as with kube-controller-manager: the first time that a choice names it, to turn it on
// or off, counts, wherever the default set stands.
func isOn(controller string, choice []string) bool {
	for _, name := range choice {
		switch name {
		case controller:
			return true
		case "-" + controller:
			return false
		}
	}
	return known[controller].byDefault && slices.Contains(choice, defaultSet)
}
