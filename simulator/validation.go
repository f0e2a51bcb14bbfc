package simulator

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3"
)

var (
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	regionName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	domainName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`)
	keyID      = regexp.MustCompile(`^[!-+\--~]+$`) // printable ASCII without space and comma
)

// Validate returns everything that is wrong with the configuration, each with its path, joined to one error.
func (c *Config) Validate() error {
	v := newValidation(c)
	if c.BucketNames != GlobalBucketNames && c.BucketNames != RegionalBucketNames {
		v.add("bucketNames", "%q is not one of %q and %q", c.BucketNames, GlobalBucketNames, RegionalBucketNames)
	}
	for i, region := range c.Regions {
		path := fmt.Sprintf("regions[%d]", i)
		if err := ValidateRegionName(region); err != nil {
			v.add(path, "%w", err)
		}
		if slices.Index(c.Regions, region) < i {
			v.add(path, "%q is there already", region)
		}
	}
	if len(c.Regions) == 0 {
		v.add("regions", "there is none")
	}
	v.address("s3.address", c.S3.Address)
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
	v.notifications()
	for i, endpoint := range c.S3.HostStyleOnly {
		if endpoint != GlobalEndpoint {
			v.region(fmt.Sprintf("s3.hostStyleOnly[%d]", i), endpoint)
		}
	}
	for _, region := range slices.Sorted(maps.Keys(c.S3.RegionalAddresses)) {
		v.address("s3.regionalAddresses."+region, c.S3.RegionalAddresses[region])
		v.region("s3.regionalAddresses."+region, region)
	}
	v.ec2()
	v.clouds()
	if c.Control.Address != "" {
		v.address("control.address", c.Control.Address)
	}
	if c.JournalSize < 0 {
		v.add("journalSize", "%d is negative", c.JournalSize)
	}
	v.faults()
	v.metadata()
	for i, account := range c.Accounts {
		v.account(fmt.Sprintf("accounts[%d]", i), account)
	}
	return errors.Join(v.problems...)
}

// memoryLimit reads a number of bytes, with or without a unit.
func memoryLimit(text string) (int64, error) {
	limit, err := humanize.ParseBytes(text)
	if err != nil || limit > math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a number of bytes such as 512Mi or 2Gi", text)
	}
	return int64(limit), nil
}

// validation gathers problems, and where what must be unique was first seen.
type validation struct {
	config                           *Config
	accounts, keys, buckets, volumes map[string]string
	tenants, subscriptions, clusters map[string]string
	problems                         []error
}

func newValidation(c *Config) *validation {
	return &validation{
		config: c, accounts: map[string]string{}, keys: map[string]string{}, buckets: map[string]string{}, volumes: map[string]string{},
		tenants: map[string]string{}, subscriptions: map[string]string{}, clusters: map[string]string{},
	}
}

func (v *validation) add(path, format string, args ...any) {
	v.problems = append(v.problems, fmt.Errorf(path+": "+format, args...))
}

func (v *validation) notifications() {
	arns := map[string]string{}
	for i, d := range v.config.S3.Notifications {
		path := fmt.Sprintf("s3.notifications[%d]", i)
		if !strings.HasPrefix(d.ARN, "arn:") || strings.Count(d.ARN, ":") < 5 {
			v.add(path+".arn", "%q is not an ARN, such as arn:aws:sqs:us-east-1:111111111111:queue", d.ARN)
		}
		v.unique(arns, path+".arn", d.ARN, fmt.Sprintf("%q", d.ARN))
		if u, err := url.Parse(d.Webhook); d.Webhook != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			v.add(path+".webhook", "it is not a URL such as http://127.0.0.1:8080/events")
		}
	}
}

func (v *validation) unique(seen map[string]string, path, value, what string) {
	if first, found := seen[value]; found {
		v.add(path, "%s is at %s already", what, first)
		return
	}
	seen[value] = path
}

func (v *validation) address(path, address string) {
	if err := ValidateAddress(address); err != nil {
		v.add(path, "%w", err)
	}
}

// ValidateAddress says what is wrong with an address to listen on.
func ValidateAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:9000, or :0 for any free port", address)
	}
	return nil
}

// ValidateRegionName says what is wrong with the name of a region.
func ValidateRegionName(name string) error {
	if !regionName.MatchString(name) {
		return fmt.Errorf("%q is not a region's name such as eu-west-1: lower-case letters, digits and single hyphens", name)
	}
	return nil
}

// ValidateKeyID says what is wrong with the id of an access key.
func ValidateKeyID(id string) error {
	if !keyID.MatchString(id) {
		return fmt.Errorf("%q is empty, or holds a space, a comma or a character that is not printable ASCII", id)
	}
	return nil
}

func (v *validation) region(path, region string) {
	if !slices.Contains(v.config.Regions, region) {
		v.add(path, "%q is not one of the configuration's regions", region)
	}
}

func (v *validation) policy(path string, p policy.Policy, ofBucket bool) {
	if err := p.Validate(path, ofBucket); err != nil {
		v.problems = append(v.problems, err)
	}
}

func (v *validation) faults() {
	names := map[string]string{}
	for i, rule := range v.config.Faults {
		path := fmt.Sprintf("faults[%d]", i)
		if err := rule.Validate(operations()...); err != nil {
			v.add(path, "%w", err)
		}
		if rule.Name != "" {
			v.unique(names, path+".name", rule.Name, fmt.Sprintf("%q", rule.Name))
		}
	}
}

func (v *validation) account(path string, account AccountConfig) {
	if !accountID.MatchString(account.ID) {
		hint := ""
		if _, err := strconv.ParseFloat(account.ID, 64); err == nil {
			hint = ": put it in quotes, so that it is not taken for a number and loses digits"
		}
		v.add(path+".id", "%q is not 12 digits%s", account.ID, hint)
	}
	v.unique(v.accounts, path+".id", account.ID, fmt.Sprintf("%q", account.ID))
	v.policy(path+".policy", account.Policy, false)
	for i, key := range account.AccessKeys {
		v.accessKey(fmt.Sprintf("%s.accessKeys[%d]", path, i), key)
	}
	for i, bucket := range account.Buckets {
		v.bucket(fmt.Sprintf("%s.buckets[%d]", path, i), bucket)
	}
	for i, volume := range account.Volumes {
		v.volume(fmt.Sprintf("%s.volumes[%d]", path, i), volume)
	}
	v.roles(path, account)
	v.azure(path+".azure", account.Azure)
	v.portworx(path+".portworx", account)
}

func (v *validation) accessKey(path string, key AccessKeyConfig) {
	if err := ValidateKeyID(key.ID); err != nil {
		v.add(path+".id", "%w", err)
	} else {
		v.unique(v.keys, path+".id", key.ID, fmt.Sprintf("%q", key.ID))
	}
	if key.Secret == "" {
		v.add(path+".secret", "it is empty")
	}
	v.policy(path+".policy", key.Policy, false)
}

func (v *validation) bucket(path string, bucket BucketConfig) {
	if err := s3.ValidateBucketName(bucket.Name); err != nil {
		v.add(path+".name", "%q: %w", bucket.Name, err)
	}
	v.region(path+".region", bucket.Region)
	v.policy(path+".policy", bucket.Policy, true)
	id, what := bucket.Name, fmt.Sprintf("%q", bucket.Name)
	if v.config.BucketNames == RegionalBucketNames {
		id, what = bucket.Region+"/"+bucket.Name, what+" in "+bucket.Region
	}
	v.unique(v.buckets, path+".name", id, what)
	v.objects(path, bucket)
}
