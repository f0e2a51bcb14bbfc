package simulator

import (
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/simulator/s3"
)

// APIVersion and Kind head a configuration file.
const (
	APIVersion = "simulator.velero-locations.io/v1alpha1"
	Kind       = "Simulator"
)

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
	Regions []string `json:"regions,omitempty"`
	S3      S3Config `json:"s3,omitempty"`
	// DataDir keeps buckets and objects on disk; empty keeps them in memory.
	DataDir string `json:"dataDir,omitempty"`
	// MemoryLimit bounds what objects take without a data directory, such as 2Gi, which is the default; "0" is no limit.
	// What comes beyond is refused with 507 InsufficientStorage.
	MemoryLimit string          `json:"memoryLimit,omitempty"`
	Accounts    []AccountConfig `json:"accounts,omitempty"`
}

// S3Config says where S3 is served.
type S3Config struct {
	// Address is host:port; 127.0.0.1:9000 by default, port 0 for any free one.
	Address string `json:"address,omitempty"`
	// Domains are those under which a bucket's name is a host, bucket.DOMAIN. localhost is one in any case.
	Domains []string `json:"domains,omitempty"`
	// StallTimeout is how long a client may leave a body or an answer where it is, such as 30s, which is the default.
	StallTimeout string `json:"stallTimeout,omitempty"`
}

// AccountConfig is an account that exists from the start.
type AccountConfig struct {
	// ID has 12 digits.
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"`
	AccessKeys []AccessKeyConfig `json:"accessKeys,omitempty"`
	// Buckets are created where they are not there yet.
	Buckets []BucketConfig `json:"buckets,omitempty"`
}

// AccessKeyConfig is an access key of an account.
type AccessKeyConfig struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
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
}

// Load reads a configuration file. An error names the file, and all that is wrong with it.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the simulator's configuration: %w", err)
	}
	config, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration %s: %w", path, err)
	}
	return config, nil
}

// Parse reads a configuration in YAML, fills in defaults and validates it. A field that it does not know is an error.
func Parse(data []byte) (*Config, error) {
	config := &Config{}
	if err := yaml.UnmarshalStrict(data, config); err != nil {
		return nil, err
	}
	if config.APIVersion != APIVersion || config.Kind != Kind {
		return nil, fmt.Errorf("apiVersion and kind are %q and %q, expected %q and %q", config.APIVersion, config.Kind, APIVersion, Kind)
	}
	config.SetDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return config, nil
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
		c.S3.Address = "127.0.0.1:9000"
	}
	accounts := slices.Clone(c.Accounts)
	for i := range accounts {
		accounts[i].Buckets = slices.Clone(accounts[i].Buckets)
		for j := range accounts[i].Buckets {
			if accounts[i].Buckets[j].Region == "" {
				accounts[i].Buckets[j].Region = c.Regions[0]
			}
		}
	}
	c.Accounts = accounts
}

var (
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	regionName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	domainName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`)
	keyID      = regexp.MustCompile(`^[!-+\--~]+$`) // printable ASCII without space and comma
)

// Validate returns everything that is wrong with the configuration, each with its path, joined to one error.
func (c *Config) Validate() error {
	v := validation{config: c, accounts: map[string]string{}, keys: map[string]string{}, buckets: map[string]string{}}
	if c.BucketNames != GlobalBucketNames && c.BucketNames != RegionalBucketNames {
		v.add("bucketNames", "%q is not one of %q and %q", c.BucketNames, GlobalBucketNames, RegionalBucketNames)
	}
	for i, region := range c.Regions {
		path := fmt.Sprintf("regions[%d]", i)
		if !regionName.MatchString(region) {
			v.add(path, "%q is not a region's name: lower-case letters, digits and single hyphens", region)
		}
		if slices.Index(c.Regions, region) < i {
			v.add(path, "%q is there already", region)
		}
	}
	if len(c.Regions) == 0 {
		v.add("regions", "there is none")
	}
	if _, _, err := net.SplitHostPort(c.S3.Address); err != nil {
		v.add("s3.address", "%q is not host:port", c.S3.Address)
	}
	if _, err := memoryLimit(c.MemoryLimit); err != nil {
		v.add("memoryLimit", "%w", err)
	}
	if stall, err := time.ParseDuration(c.S3.StallTimeout); err != nil || stall <= 0 {
		v.add("s3.stallTimeout", "%q is not a time such as 30s", c.S3.StallTimeout)
	}
	for i, domain := range c.S3.Domains {
		if !domainName.MatchString(domain) {
			v.add(fmt.Sprintf("s3.domains[%d]", i), "%q is not a domain's name in lower case, without a port", domain)
		}
	}
	for i, account := range c.Accounts {
		v.account(fmt.Sprintf("accounts[%d]", i), account)
	}
	return errors.Join(v.problems...)
}

// memoryLimit reads a number of bytes, with or without a unit.
func memoryLimit(text string) (int64, error) {
	quantity, err := resource.ParseQuantity(text)
	if err != nil || quantity.Sign() < 0 {
		return 0, fmt.Errorf("%q is not a number of bytes such as 512Mi or 2Gi", text)
	}
	return quantity.Value(), nil
}

// validation gathers problems, and where what must be unique was first seen.
type validation struct {
	config                  *Config
	accounts, keys, buckets map[string]string
	problems                []error
}

func (v *validation) add(path, format string, args ...any) {
	v.problems = append(v.problems, fmt.Errorf(path+": "+format, args...))
}

func (v *validation) unique(seen map[string]string, path, value, what string) {
	if first, found := seen[value]; found {
		v.add(path, "%s is at %s already", what, first)
		return
	}
	seen[value] = path
}

func (v *validation) account(path string, account AccountConfig) {
	if !accountID.MatchString(account.ID) {
		v.add(path+".id", "%q is not 12 digits", account.ID)
	}
	v.unique(v.accounts, path+".id", account.ID, fmt.Sprintf("%q", account.ID))
	for i, key := range account.AccessKeys {
		v.accessKey(fmt.Sprintf("%s.accessKeys[%d]", path, i), key)
	}
	for i, bucket := range account.Buckets {
		v.bucket(fmt.Sprintf("%s.buckets[%d]", path, i), bucket)
	}
}

func (v *validation) accessKey(path string, key AccessKeyConfig) {
	if !keyID.MatchString(key.ID) {
		v.add(path+".id", "%q is empty, or holds a space, a comma or a character that is not printable ASCII", key.ID)
	} else {
		v.unique(v.keys, path+".id", key.ID, fmt.Sprintf("%q", key.ID))
	}
	if key.Secret == "" {
		v.add(path+".secret", "it is empty")
	}
}

func (v *validation) bucket(path string, bucket BucketConfig) {
	if err := s3.ValidateBucketName(bucket.Name); err != nil {
		v.add(path+".name", "%q: %w", bucket.Name, err)
	}
	if !slices.Contains(v.config.Regions, bucket.Region) {
		v.add(path+".region", "%q is not one of the configuration's regions", bucket.Region)
	}
	id, what := bucket.Name, fmt.Sprintf("%q", bucket.Name)
	if v.config.BucketNames == RegionalBucketNames {
		id, what = bucket.Region+"/"+bucket.Name, what+" in "+bucket.Region
	}
	v.unique(v.buckets, path+".name", id, what)
}
