package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/s3"
)

// simulatorFlags are what flags, and environment variables, say of the simulated cloud in place of its configuration.
type simulatorFlags struct {
	config, dataDir, caFile, host                                         string
	s3Address, ec2Address, cloudsAddress, metadataAddress, controlAddress string
	accessKey, secretKey, region, seed                                    string
	buckets                                                               []string
}

func (f *simulatorFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.config, "config", "", "File that describes the simulated cloud (apiVersion "+simulator.APIVersion+"). Without one it is that of the documentation, in memory.")
	flags.StringVar(&f.dataDir, "data-dir", "", "Directory for buckets, objects, volumes and snapshots; replaces dataDir of the file. Without either they are kept in memory.")
	flags.StringVar(&f.caFile, "ca-file", "", "File to write the certificate to that clients of HTTPS must trust; replaces caFile of the file.")
	f.addAddresses(flags)
	checked(flags, &f.accessKey, "access-key", simulator.ValidateKeyID,
		"`id` of an access key of the first account; replaces those that the account has in the file.")
	flags.StringVar(&f.secretKey, "secret-key", "", "Secret of that key. Other users of the machine can see it; they can't in the environment.")
	checked(flags, &f.region, "region", simulator.ValidateRegionName,
		"`name` of the first region, where buckets are that name none; the regions of the file come after it.")
	flags.Func("buckets", "Buckets to create in the first account and region, `names` separated by commas, beside those of the file.", f.addBuckets)
	flags.StringVar(&f.seed, "seed", "", "Folder of objects to create, DIR/BUCKET/KEY, and the buckets for them in the first account.")
}

func (f *simulatorFlags) addAddresses(flags *pflag.FlagSet) {
	for _, address := range []struct {
		to                            *string
		name, service, field, without string
	}{
		{&f.s3Address, "s3-address", "S3", "s3.address", ""},
		{&f.ec2Address, "ec2-address", "EC2 and STS", "ec2.address", " Without either there is none."},
		{&f.cloudsAddress, "clouds-address", "the simulated Azure and Portworx", "clouds.address", " Without either there is none."},
		{&f.metadataAddress, "metadata-address", "the instance metadata service", "metadata.address", " Without either there is none."},
		{&f.controlAddress, "control-address", "the control API", "control.address", " Without either there is none."},
	} {
		checked(flags, address.to, address.name, simulator.ValidateAddress,
			"Address to serve "+address.service+" on, `host:port`, port 0 for any free one; replaces "+address.field+" of the file."+address.without)
	}
	checked(flags, &f.host, "host", validateHost,
		"`name` or IP address to serve on in place of the host of all addresses that no flag gives, such as 0.0.0.0 in a container. Whoever reaches the control API can do everything.")
}

// checked adds a flag whose value is looked at as soon as it is given.
func checked(flags *pflag.FlagSet, to *string, name string, check func(string) error, usage string) {
	flags.Func(name, usage, func(value string) error {
		if value == "" {
			return nil // not given, as the others have it
		}
		*to = value
		return check(value)
	})
}

func validateHost(host string) error {
	if net.ParseIP(host) == nil && strings.ContainsAny(host, ":/[] ") {
		return fmt.Errorf("%q is not an IP address or a name, such as 0.0.0.0; it has no port", host)
	}
	return nil
}

func (f *simulatorFlags) addBuckets(names string) error {
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if err := s3.ValidateBucketName(name); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		f.buckets = append(f.buckets, name)
	}
	return nil
}

// change puts what was given in the place of what the configuration says.
func (f *simulatorFlags) change(config *simulator.Config) error {
	config.DataDir = cmp.Or(f.dataDir, config.DataDir)
	config.CAFile = cmp.Or(f.caFile, config.CAFile)
	if f.host != "" {
		config.SetHost(f.host)
	}
	config.S3.Address = cmp.Or(f.s3Address, config.S3.Address)
	config.EC2.Address = cmp.Or(f.ec2Address, config.EC2.Address)
	config.Clouds.Address = cmp.Or(f.cloudsAddress, config.Clouds.Address)
	config.Metadata.Address = cmp.Or(f.metadataAddress, config.Metadata.Address)
	config.Control.Address = cmp.Or(f.controlAddress, config.Control.Address)
	if f.region != "" {
		others := slices.DeleteFunc(slices.Clone(config.Regions), func(region string) bool { return region == f.region })
		config.Regions = append([]string{f.region}, others...)
	}
	if (f.accessKey == "") != (f.secretKey == "") {
		return errors.New("--access-key and --secret-key, or " + variableOf("access-key") + " and " + variableOf("secret-key") + ": only one of them is given; give both or neither")
	}
	if f.accessKey != "" || len(f.buckets) > 0 {
		f.changeAccount(config.First())
	}
	if f.seed == "" {
		return nil
	}
	return config.AddSeeds(f.seed)
}

func (f *simulatorFlags) changeAccount(account *simulator.AccountConfig) {
	if f.accessKey != "" {
		account.AccessKeys = []simulator.AccessKeyConfig{{ID: f.accessKey, Secret: f.secretKey}}
	}
	for _, name := range f.buckets {
		if !slices.ContainsFunc(account.Buckets, func(b simulator.BucketConfig) bool { return b.Name == name }) {
			account.Buckets = append(account.Buckets, simulator.BucketConfig{Name: name})
		}
	}
}
