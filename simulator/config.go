package simulator

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// APIVersion and Kind head a configuration file.
const (
	APIVersion = "simulator.velero-locations.io/v1alpha1"
	Kind       = "Simulator"
)

// DefaultS3Address is where S3 is served unless the configuration says otherwise.
const DefaultS3Address = "127.0.0.1:9000"

// BucketNames says where a bucket's name is unique.
type BucketNames string

const (
	// GlobalBucketNames are unique in all regions, as AWS has it within a partition.
	GlobalBucketNames BucketNames = "global"
	// RegionalBucketNames are unique in their region only, as object stores without a common namespace have it.
	RegionalBucketNames BucketNames = "regional"
)

// Config describes a simulated cloud: its regions, its accounts and what they own.
type Config struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`

	// BucketNames is global by default.
	BucketNames BucketNames `json:"bucketNames,omitempty"`
	// Regions are those that exist; us-east-1 by default. The first one is named to clients that sign for none of them.
	Regions []string     `json:"regions,omitempty"`
	S3      S3Config     `json:"s3,omitempty"`
	EC2     EC2Config    `json:"ec2,omitempty,omitzero"`
	Clouds  CloudsConfig `json:"clouds,omitempty,omitzero"`
	// Metadata hands out keys of roles to what runs in the cloud.
	Metadata MetadataConfig `json:"metadata,omitempty,omitzero"`
	// DataDir keeps buckets, objects, disks, volumes, snapshots and what becomes of access keys on disk; empty keeps them in memory.
	DataDir string `json:"dataDir,omitempty"`
	// MemoryLimit bounds what objects take without a data directory, such as 2Gi, which is the default; "0" is no limit.
	// What comes beyond is refused with 507 InsufficientStorage.
	MemoryLimit string          `json:"memoryLimit,omitempty"`
	Accounts    []AccountConfig `json:"accounts,omitempty"`
	// CAFile is where the certificate is written that clients must trust to speak HTTPS; empty writes none.
	CAFile  string        `json:"caFile,omitempty"`
	Control ControlConfig `json:"control,omitempty,omitzero"`
	// Faults are in force from the start, in this order. FaultSeed makes those with a probability repeat.
	Faults    []faults.Rule `json:"faults,omitempty"`
	FaultSeed uint64        `json:"faultSeed,omitempty"`
	// JournalSize is how many requests the journal keeps; 10000 by default.
	JournalSize int `json:"journalSize,omitempty"`
}

// ControlConfig says where the control API is served. Whoever reaches it can do everything to the simulator.
type ControlConfig struct {
	// Address is host:port, port 0 for any free one; empty serves no control API.
	Address string `json:"address,omitempty"`
	// Hosts by which clients may name the server, beside addresses and localhost.
	Hosts []string `json:"hosts,omitempty"`
}

// S3Config says where S3 is served.
type S3Config struct {
	// Address of the global endpoint is host:port; 127.0.0.1:9000 by default, port 0 for any free one. There the region
	// that a request is signed for picks the region it is for.
	Address string `json:"address,omitempty"`
	// RegionalAddresses are those of the endpoints of regions, which accept no other region's signatures. All regions also have
	// endpoints by name, s3.REGION.DOMAIN, wherever S3 is served.
	RegionalAddresses map[string]string `json:"regionalAddresses,omitempty"`
	// Domains are those under which a bucket is a host, bucket.DOMAIN or bucket.s3.REGION.DOMAIN. localhost is one in any case.
	Domains []string `json:"domains,omitempty"`
	// HostStyleOnly are the endpoints that refuse requests with the bucket in their path, as some stores do: regions, whose
	// endpoints are their own, and GlobalEndpoint.
	HostStyleOnly []string `json:"hostStyleOnly,omitempty"`
	// AllowPublicAccess makes buckets that do not block public access, as those of other stores, and of AWS before April 2023.
	AllowPublicAccess bool `json:"allowPublicAccess,omitempty"`
	// Notifications are the destinations that buckets may name for their events.
	Notifications []events.Destination `json:"notifications,omitempty"`
	// StallTimeout is how long a client may stop sending a body, or reading an answer, such as 30s, which is the default.
	StallTimeout string `json:"stallTimeout,omitempty"`
}

// refusesPaths says whether the endpoint of a region, or the global one if there is none, is in HostStyleOnly.
func (c *S3Config) refusesPaths(region string) bool {
	return slices.Contains(c.HostStyleOnly, cmp.Or(region, GlobalEndpoint))
}

// GlobalEndpoint is how HostStyleOnly names the endpoint that is of no region.
const GlobalEndpoint = "global"

// AccountConfig is an account that exists from the start.
type AccountConfig struct {
	// ID has 12 digits.
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	AccessKeys []AccessKeyConfig `json:"accessKeys,omitempty"`
	// Roles can be acted as, by those whom they trust.
	Roles []RoleConfig `json:"roles,omitempty"`
	// TokenIssuers make tokens that STS accepts in place of an access key, for roles of the account that trust them.
	TokenIssuers []sts.Issuer `json:"tokenIssuers,omitempty"`
	// Policy holds for all keys of the account.
	Policy policy.Policy `json:"policy,omitempty"`
	// Buckets are created where they are not there yet.
	Buckets []BucketConfig `json:"buckets,omitempty"`
	// Volumes are created where they are not there yet.
	Volumes []VolumeConfig `json:"volumes,omitempty"`
	// Azure is the account's part of the simulated Azure, where its access keys are client ids and client secrets.
	Azure azure.Tenant `json:"azure,omitzero"`
	// Portworx are the account's clusters of the simulated Portworx.
	Portworx []portworx.Cluster `json:"portworx,omitempty"`
}

// AccessKeyConfig is an access key of an account.
type AccessKeyConfig struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
	// SessionToken makes the key a temporary one, whose requests all carry the token.
	SessionToken string `json:"sessionToken,omitempty"`
	// Expires is when the key ends; left out: never.
	Expires time.Time `json:"expires,omitzero"`
	// Disabled refuses the key until it is enabled by the control API.
	Disabled bool `json:"disabled,omitempty"`
	// Policy is what the key may do; without it, and without one of its account, it may do everything in its account.
	Policy policy.Policy `json:"policy,omitempty"`
}

func (k AccessKeyConfig) key() accounts.Key {
	return accounts.Key{
		ID: k.ID, Secret: k.Secret, SessionToken: k.SessionToken, Expires: k.Expires, Active: !k.Disabled, Policy: k.Policy,
	}
}

// String names the key without its secret, so that a printed configuration does not tell it.
func (k AccessKeyConfig) String() string { return "access key " + k.ID }

// GoString keeps the secret out of %#v as well.
func (k AccessKeyConfig) GoString() string { return k.String() }

// BucketConfig is a bucket that exists from the start.
type BucketConfig struct {
	Name string `json:"name"`
	// Region is the first of the configuration's regions by default.
	Region string `json:"region,omitempty"`
	// Policy says what other accounts may do with the bucket, too.
	Policy policy.Policy `json:"policy,omitempty"`
	// Versioning is Enabled or Suspended where the bucket is created with it.
	Versioning store.Versioning `json:"versioning,omitempty"`
	// Objects are created where there is none of their keys, in this order. Those of one key are its versions, oldest first.
	Objects []ObjectConfig `json:"objects,omitempty"`
}

// Change changes a configuration before defaults are filled in and it is validated, as flags of a program do.
type Change func(*Config) error

// Load reads a configuration file, until the context ends. An error names the file, and all that is wrong with it.
func Load(ctx context.Context, path string, changes ...Change) (*Config, error) {
	data, err := bounded.ReadFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("reading the simulator's configuration: %w", err)
	}
	config, err := Parse(data, changes...)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration %s: %w", path, err)
	}
	return config, nil
}

// Parse reads a configuration in YAML, changes it, fills in defaults and validates it. A field that it does not know is an error.
func Parse(data []byte, changes ...Change) (*Config, error) {
	config := &Config{}
	if err := decode(data, config); err != nil {
		return nil, err
	}
	if config.APIVersion != APIVersion || config.Kind != Kind {
		return nil, fmt.Errorf("apiVersion and kind are %q and %q, expected %q and %q", config.APIVersion, config.Kind, APIVersion, Kind)
	}
	for _, change := range changes {
		if err := change(config); err != nil {
			return nil, err
		}
	}
	config.SetDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return config, nil
}

// decode reads the only document of a YAML file. Errors have line and column, and none of the file's values, some of which are secret.
func decode(data []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict(), yaml.UseJSONUnmarshaler())
	switch err := decoder.Decode(into); {
	case errors.Is(err, io.EOF): // nothing but comments
		return nil
	case err != nil:
		return errors.New(yaml.FormatError(err, false, false))
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("there is a second document behind the line ---: a file has one")
	}
	return nil
}

// SetDefaults fills in what is left out.
func (c *Config) SetDefaults() {
	if c.BucketNames == "" {
		c.BucketNames = GlobalBucketNames
	}
	if len(c.Regions) == 0 {
		c.Regions = []string{"us-east-1"}
	}
	if c.MemoryLimit == "" {
		c.MemoryLimit = "2Gi"
	}
	if c.S3.StallTimeout == "" {
		c.S3.StallTimeout = "30s"
	}
	if c.S3.Address == "" {
		c.S3.Address = DefaultS3Address
	}
	if len(c.Clouds.Locations) == 0 {
		c.Clouds.Locations = []string{"eastus", "westus"}
	}
	c.Accounts = slices.Clone(c.Accounts)
	for i := range c.Accounts {
		buckets := slices.Clone(c.Accounts[i].Buckets)
		for j := range buckets {
			if buckets[j].Region == "" {
				buckets[j].Region = c.Regions[0]
			}
		}
		c.Accounts[i].Buckets = buckets
	}
}
