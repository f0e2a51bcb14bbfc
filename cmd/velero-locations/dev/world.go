package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/release"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// startSimulator starts the simulator from the configuration in the data directory, which it
// writes on the first start, and opens its addresses. From then on the file is its user's.
func (d *dev) startSimulator(ctx context.Context) error {
	path := d.path(worldFile)
	_, err := os.Stat(path)
	first := errors.Is(err, fs.ErrNotExist)
	if first {
		data, err := yaml.Marshal(newWorld())
		if err != nil {
			return fmt.Errorf("encoding the simulator's configuration: %w", err)
		}
		if err := datadir.WriteFile(path, data); err != nil {
			return err
		}
	}
	config, err := simulator.Load(ctx, path)
	if err != nil {
		return err
	}
	config.DataDir = d.path(simulatorDir)
	config.S3.Address, config.EC2.Address, config.Clouds.Address = d.options.S3Address, d.options.EC2Address, d.options.CloudsAddress
	config.Control.Address = d.options.SimulatorControlAddress
	config.CAFile = cmp.Or(config.CAFile, d.path("simulator-ca.pem"))
	if d.simulator, err = simulator.New(*config, simulator.WithVersion(release.Current().Version), simulator.WithCluster(d.console)); err != nil {
		return err
	}
	d.accounts, d.disks = d.current(config.Accounts), claimedDisks(config)
	if first {
		if err := d.equipClusters(); err != nil {
			return errors.Join(err, d.simulator.Close())
		}
	}
	if d.endpoints, err = d.simulator.Listen(ctx); err != nil {
		err = fmt.Errorf("opening the simulator's addresses (--s3-address, --ec2-address, --clouds-address and --simulator-control-address choose others): %w", err)
		return errors.Join(err, d.simulator.Close())
	}
	return nil
}

// current returns accounts with the first key of each as rotations left it: the one that files of credentials have.
func (d *dev) current(configured []simulator.AccountConfig) []simulator.AccountConfig {
	now := slices.Clone(configured)
	for i, account := range now {
		if len(account.AccessKeys) == 0 {
			continue
		}
		if key, found := d.simulator.Accounts().Current(account.AccessKeys[0].ID); found {
			now[i].AccessKeys = []simulator.AccessKeyConfig{{ID: key.ID, Secret: key.Secret}}
		}
	}
	return now
}

// equipClusters gives each cluster of Portworx credentials for object storage, the account's own, so that it
// can make cloud snapshots. Credentials are state, not configuration: who removes them has none from then on.
func (d *dev) equipClusters() error {
	for _, account := range d.accounts {
		for _, cluster := range account.Portworx {
			key := account.AccessKeys[0]
			credential := portworx.NewCredential{Name: "s3", AccessKey: key.ID, SecretKey: key.Secret}
			if err := d.simulator.Portworx().SetCredential(account.ID, cluster.Name, credential); err != nil {
				return fmt.Errorf("setting up credentials in cluster %s: %w", cluster.Name, err)
			}
		}
	}
	return nil
}

// newWorld is what a first start simulates: two accounts, each with a bucket of the name that
// Velero's documentation uses. That documentation has one such name in two regions, so names are regional.
func newWorld() *simulator.Config {
	return &simulator.Config{
		APIVersion:  simulator.APIVersion,
		Kind:        simulator.Kind,
		BucketNames: simulator.RegionalBucketNames,
		Regions:     []string{"us-east-1", "us-west-1", "us-west-2", "eu-west-1"},
		Accounts: []simulator.AccountConfig{
			{
				ID: "111111111111", Name: "primary", AccessKeys: []simulator.AccessKeyConfig{newAccessKey()},
				Buckets: []simulator.BucketConfig{{Name: "velero-backups", Region: "us-east-1"}, {Name: "velero-backups", Region: "us-west-1"}},
				Volumes: []simulator.VolumeConfig{
					newVolume("us-east-1a", ebsCSI, "shop", "orders"),
					newVolume("us-east-1b", ebsCSI, "shop", "carts"),
					newVolume("us-west-1a", ebsInTree, "blog", "posts"),
				},
				Azure:    newTenant("blog", "media"),
				Portworx: []portworx.Cluster{newCluster("shop", "search")},
			},
			{
				ID: "222222222222", Name: "secondary", AccessKeys: []simulator.AccessKeyConfig{newAccessKey()},
				Buckets: []simulator.BucketConfig{{Name: "velero-backups", Region: "eu-west-1"}},
			},
		},
	}
}

func newAccessKey() simulator.AccessKeyConfig {
	key := accounts.NewKey()
	return simulator.AccessKeyConfig{ID: key.ID, Secret: key.Secret}
}

// writeCredentials writes a credentials file of all accounts, a profile each, the first one
// also as default; and one of each account alone, to make Secrets of, also as locations of Azure and
// of Portworx have it where the account has a part of these.
func (d *dev) writeCredentials() error {
	dir := d.path("accounts")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of credentials: %w", err)
	}
	all := d.defaultCredentials()
	for _, account := range d.accounts {
		name := cmp.Or(account.Name, account.ID)
		all = append(all, profile(name, account)...)
		if err := datadir.WriteFile(filepath.Join(dir, name), profile("default", account)); err != nil {
			return err
		}
		for provider, file := range cloudCredentials(account) {
			if err := datadir.WriteFile(filepath.Join(dir, name+"-"+provider), file); err != nil {
				return err
			}
		}
	}
	return datadir.WriteFile(d.path("credentials"), all)
}

// defaultCredentials are the AWS profile of the first account.
func (d *dev) defaultCredentials() []byte {
	if len(d.accounts) == 0 {
		return nil
	}
	return profile("default", d.accounts[0])
}

// locationCredentials are those of locations that name none: of AWS and of Portworx, in one file, as all
// providers read the same.
func (d *dev) locationCredentials() []byte {
	if len(d.accounts) == 0 {
		return nil
	}
	return append(d.defaultCredentials(), cloudCredentials(d.accounts[0])["portworx"]...)
}

// cloudCredentials are the files of an account's locations of Azure and of Portworx, for the first resource
// group and the first cluster.
func cloudCredentials(account simulator.AccountConfig) map[string][]byte {
	files := map[string][]byte{}
	if len(account.AccessKeys) == 0 {
		return files
	}
	key := account.AccessKeys[0]
	if of := account.Azure.Subscriptions; len(of) > 0 && len(of[0].ResourceGroups) > 0 {
		files["azure"] = fmt.Appendf(nil,
			"AZURE_SUBSCRIPTION_ID=%s\nAZURE_TENANT_ID=%s\nAZURE_CLIENT_ID=%s\nAZURE_CLIENT_SECRET=%s\nAZURE_RESOURCE_GROUP=%s\nAZURE_CLOUD_NAME=AzurePublicCloud\n",
			of[0].ID, account.Azure.ID, key.ID, key.Secret, of[0].ResourceGroups[0].Name)
	}
	if len(account.Portworx) > 0 {
		files["portworx"] = fmt.Appendf(nil, "PORTWORX_CLUSTER=%s\nPORTWORX_ACCESS_KEY=%s\nPORTWORX_SECRET_KEY=%s\n", account.Portworx[0].Name, key.ID, key.Secret)
	}
	return files
}

// profile is a section of an AWS shared credentials file.
func profile(name string, account simulator.AccountConfig) []byte {
	if len(account.AccessKeys) == 0 {
		return nil
	}
	key := account.AccessKeys[0]
	return fmt.Appendf(nil, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, key.ID, key.Secret)
}
