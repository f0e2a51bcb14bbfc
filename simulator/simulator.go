// Package simulator is a cloud's storage to try things against: S3, EC2's volumes and snapshots, and disks and volumes
// like those of Azure and Portworx, with regions, accounts and credentials that are checked as the real ones check them.
// It runs in a Go test or as a process of its own, in memory or on disk.
package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/internal/pki"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/clock"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/metadata"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/s3"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// The files of a data directory.
const (
	volumesFile   = "volumes.db"
	azureFile     = "azure.db"
	portworxFile  = "portworx.db"
	keysFile      = "keys.db"
	authorityFile = "ca.pem" // which may be removed, to have a new one made
)

// stateFiles are those that nothing makes anew.
var stateFiles = []string{store.IndexFile, volumesFile, azureFile, portworxFile}

// Simulator is a running cloud. It is safe for concurrent use.
type Simulator struct {
	config    Config
	version   string
	started   time.Time
	accounts  *accounts.Directory
	clock     *clock.Clock
	faults    *faults.Set
	journal   *journal.Journal
	pipeline  *pipeline.Pipeline
	store     *store.Store
	volumes   *ebs.Store
	azure     *azure.Store
	portworx  *portworx.Store
	events    *events.Bus
	s3        *s3.Server
	query     *query.Server
	clouds    http.Handler
	authority *pki.Authority
	whole     sync.Mutex // held by what changes the whole state, from before it begins
	listeners listeners
	cluster   http.Handler // nil: the console shows none
}

// Option changes what a configuration file has no field for.
type Option func(*options)

type options struct {
	now     func() time.Time
	version string
	cluster http.Handler
}

// WithClock sets the machine's clock, which the cloud's clock follows until it is moved.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// WithVersion sets the version of the program, for those who look at it.
func WithVersion(version string) Option {
	return func(o *options) { o.version = version }
}

// WithCluster has the console show a cluster, too, by what a handler answers below console.ClusterPath.
func WithCluster(api http.Handler) Option {
	return func(o *options) { o.cluster = api }
}

// New makes the cloud that the configuration describes. With a data directory it continues from what is there; a directory
// that another simulator has open is an error at once. The caller must Close it.
func New(config Config, opts ...Option) (*Simulator, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	config.SetDefaults()
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	sim := &Simulator{
		config: config, version: o.version, cluster: o.cluster, started: time.Now(), accounts: accounts.NewDirectory(), clock: clock.New(o.now),
		faults: faults.NewSet(config.FaultSeed, operations()...), journal: journal.New(config.JournalSize),
	}
	sim.pipeline = &pipeline.Pipeline{Accounts: sim.accounts, Now: sim.clock.Now, Faults: sim.faults, Journal: sim.journal}
	if err := errors.Join(sim.configureAccounts(), sim.configureFaults()); err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	memory, err := memoryLimit(config.MemoryLimit)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration: memoryLimit: %w", err)
	}
	stall, err := time.ParseDuration(config.S3.StallTimeout)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration: s3.stallTimeout: %w", err)
	}
	if err := sim.openStorage(memory); err != nil {
		return nil, fmt.Errorf("opening the simulator's storage: %w", err)
	}
	sim.events = events.Start(config.S3.Notifications)
	sim.s3 = s3.NewServer(s3.Options{
		Pipeline: sim.pipeline, Store: sim.store, Regions: config.Regions, Domains: config.S3.Domains, StallTimeout: stall,
		BucketPolicies: newBucketPolicies(config), Endpoint: sim.regionalEndpoint, HostStyleOnly: config.S3.refusesPaths,
		AllowPublicAccess: config.S3.AllowPublicAccess, Events: sim.events,
	})
	return sim, nil
}

// openStorage opens everything that is kept, or nothing.
func (s *Simulator) openStorage(memory int64) (err error) {
	if err := s.config.checkFiles(); err != nil {
		return err
	}
	dir := s.config.DataDir
	if dir != "" {
		if err := lost(dir); err != nil {
			return err
		}
	}
	options := store.Options{Dir: dir, Memory: memory, RegionalNames: s.config.BucketNames == RegionalBucketNames, Now: s.clock.Now}
	options.Lifecycle = func(b *store.Bucket, event string, object *store.Object, at time.Time) {
		s.s3.Lifecycle(b, event, object, at)
	}
	options.Check = func() error {
		for _, err := range checkFiles(dir) {
			return err // the first is reason enough
		}
		return nil
	}
	s.store, err = store.Open(options)
	if err != nil {
		return err
	}
	for _, open := range []func() error{s.createBuckets, s.createObjects, s.openKeys, s.openVolumes, s.openClouds, s.loadAuthority} {
		if err := open(); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	if dir == "" {
		return nil
	}
	if err := datadir.Complete(dir, keysFile); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

func (s *Simulator) createBuckets() error { return s.createBucketsOf(s.config.Accounts) }

// openKeys brings back what became of access keys while the simulator ran. Without a data directory that is nothing.
func (s *Simulator) openKeys() error {
	if s.config.DataDir == "" {
		return nil
	}
	return s.accounts.Keep(filepath.Join(s.config.DataDir, keysFile))
}

// configureAccounts makes accounts and access keys those of the configuration.
func (s *Simulator) configureAccounts() error {
	directory, err := newDirectory(s.config.Accounts)
	if err != nil {
		return err
	}
	return s.accounts.Replace(directory)
}

// configureFaults puts the faults of the configuration in force, and no others.
func (s *Simulator) configureFaults() error {
	s.faults.Clear()
	for _, rule := range s.config.Faults {
		if _, err := s.faults.Add(rule); err != nil {
			return err
		}
	}
	return nil
}

// loadAuthority makes the authority for HTTPS. With a data directory it is kept there.
func (s *Simulator) loadAuthority() (err error) {
	const name = "velero-locations-simulator"
	if s.config.DataDir == "" {
		s.authority, err = pki.New(name)
		return err
	}
	s.authority, err = pki.Load(filepath.Join(s.config.DataDir, authorityFile), name, datadir.WriteFile)
	return err
}

func newBucketPolicies(config Config) func(region, name string) policy.Policy {
	policies := map[[2]string]policy.Policy{}
	for _, account := range config.Accounts {
		for _, bucket := range account.Buckets {
			policies[[2]string{bucket.Region, bucket.Name}] = bucket.Policy
		}
	}
	return func(region, name string) policy.Policy { return policies[[2]string{region, name}] }
}

func newDirectory(configured []AccountConfig) (*accounts.Directory, error) {
	directory := accounts.NewDirectory()
	for _, account := range configured {
		if err := directory.AddAccount(accounts.Account{ID: account.ID, Name: account.Name, Policy: account.Policy}); err != nil {
			return nil, err
		}
		for _, key := range account.AccessKeys {
			if err := directory.Add(account.ID, key.key()); err != nil {
				return nil, err
			}
		}
		if err := addRoles(directory, account); err != nil {
			return nil, err
		}
	}
	return directory, nil
}

func (s *Simulator) createBucketsOf(configured []AccountConfig) error {
	for _, account := range configured {
		for _, bucket := range account.Buckets {
			settings := store.NewSettings(s.config.S3.AllowPublicAccess)
			settings.Versioning = bucket.Versioning
			existing, err := s.store.CreateBucket(bucket.Name, bucket.Region, account.ID, settings)
			if errors.Is(err, store.ErrBucketExists) {
				info := existing.Info()
				if info.Account == account.ID && info.Region == bucket.Region {
					continue
				}
				return fmt.Errorf("bucket %s of account %s in %s: the name is taken by account %s in %s",
					bucket.Name, account.ID, bucket.Region, info.Account, info.Region)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Accounts returns the accounts and access keys, to add, remove or rotate keys while the simulator runs.
func (s *Simulator) Accounts() *accounts.Directory { return s.accounts }

// Faults returns the rules by which requests go wrong.
func (s *Simulator) Faults() *faults.Set { return s.faults }

// Journal returns the record of requests.
func (s *Simulator) Journal() *journal.Journal { return s.journal }

// Events returns the messages that the notifications of buckets were sent.
func (s *Simulator) Events() *events.Bus { return s.events }

// Clock returns the clock that signatures, expiry and times of objects go by.
func (s *Simulator) Clock() *clock.Clock { return s.clock }

// CertPEM returns the certificate that clients must trust to speak HTTPS.
func (s *Simulator) CertPEM() []byte { return s.authority.CertPEM }

// CreateBucket creates a bucket of an account in a region, unless the account has it there already.
func (s *Simulator) CreateBucket(account, name, region string) error {
	return s.createBucketsOf([]AccountConfig{{ID: account, Buckets: []BucketConfig{{Name: name, Region: region}}}})
}

// Handler serves the global endpoint of S3, for a server of the caller's own such as httptest's.
func (s *Simulator) Handler() http.Handler { return s.s3 }

// RegionalHandler serves the endpoint of a region.
func (s *Simulator) RegionalHandler(region string) http.Handler { return s.s3.Regional(region) }

// MetadataHandler serves the keys of roles to what runs in the cloud: IMDSv2, and those of containers at /v1/credentials.
func (s *Simulator) MetadataHandler() http.Handler {
	c := s.config.Metadata
	return metadata.NewServer(metadata.Options{
		Accounts: s.accounts, InstanceRole: c.InstanceRole, ContainerRole: c.ContainerRole, ContainerToken: c.ContainerToken,
		Duration: c.duration(), Region: s.config.Regions[0], Now: s.clock.Now,
	})
}

// ControlHandler serves the control API.
func (s *Simulator) ControlHandler() http.Handler {
	return control.New(control.Options{
		Version: s.version, Started: s.started, Addresses: s.addresses, Regions: s.config.Regions, Store: s.store,
		Accounts: s.accounts, Faults: s.faults, Journal: s.journal, Events: s.events, Clock: s.clock, Volumes: s.volumes, Azure: s.azure, Portworx: s.portworx,
		CertPEM: s.CertPEM(), Reset: s.Reset, SaveState: s.SaveState, LoadState: s.LoadState, ClockMoved: s.store.ApplyLifecycle,
	})
}
