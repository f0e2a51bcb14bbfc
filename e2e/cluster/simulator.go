package cluster

import (
	"context"
	"fmt"
	"net"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
)

// Volume is one of the simulated EC2, in us-east-1a.
const Volume = "vol-0123456789abcdef0"

// startSimulator starts simulated storage as a first start of `velero-locations dev` has it: two accounts, each with a
// bucket of the name that Velero's documentation uses, the first one with a volume.
func (c *Cluster) startSimulator(tb testing.TB) {
	tb.Helper()
	primary, secondary := accounts.NewKey(), accounts.NewKey()
	s3, _ := freeAddress(tb)
	ec2, _ := freeAddress(tb)
	control, _ := freeAddress(tb)
	first := account("111111111111", "primary", primary, "us-east-1", "us-west-1")
	first.Volumes = []simulator.VolumeConfig{{ID: Volume, AvailabilityZone: "us-east-1a", Size: 8, Data: "orders"}}
	config, err := yaml.Marshal(simulator.Config{
		APIVersion:  simulator.APIVersion,
		Kind:        simulator.Kind,
		BucketNames: simulator.RegionalBucketNames,
		Regions:     []string{"us-east-1", "us-west-1", "us-west-2", "eu-west-1"},
		S3:          simulator.S3Config{Address: s3},
		EC2:         simulator.EC2Config{Address: ec2},
		Control:     simulator.ControlConfig{Address: control},
		Accounts: []simulator.AccountConfig{
			first, account("222222222222", "secondary", secondary, "eu-west-1"),
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.s3, c.ec2 = "http://"+s3, "http://"+ec2
	c.writeKeys(tb, primary, secondary)
	c.setEnvironment(tb, [][2]string{
		{"KUBECONFIG", c.Path("kubeconfig")},
		{"VELERO_NAMESPACE", Namespace},
		{"AWS_SHARED_CREDENTIALS_FILE", c.Path("credentials")},
		{"AWS_ENDPOINT_URL_S3", c.s3},
		{"AWS_ENDPOINT_URL_EC2", c.ec2},
		{"VELERO_LOCATIONS_SIMULATOR", control},
	})
	p := c.start(tb, "simulator", Tool(tb, program), "simulator", "--config", c.write(tb, config, "simulator.yaml"))
	p.await(tb, func() error {
		connection, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", s3)
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

func account(id, name string, key accounts.Key, regions ...string) simulator.AccountConfig {
	config := simulator.AccountConfig{ID: id, Name: name, AccessKeys: []simulator.AccessKeyConfig{{ID: key.ID, Secret: key.Secret}}}
	for _, region := range regions {
		config.Buckets = append(config.Buckets, simulator.BucketConfig{Name: "velero-backups", Region: region})
	}
	return config
}

// writeKeys writes the files of credentials that sessions read.
func (c *Cluster) writeKeys(tb testing.TB, primary, secondary accounts.Key) {
	tb.Helper()
	c.write(tb, profile("default", primary), "accounts", "primary")
	c.write(tb, profile("default", secondary), "accounts", "secondary")
	all := append(append(profile("default", primary), profile("primary", primary)...), profile("secondary", secondary)...)
	c.write(tb, all, "credentials")
}

// profile is a section of an AWS shared credentials file.
func profile(name string, key accounts.Key) []byte {
	return fmt.Appendf(nil, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, key.ID, key.Secret)
}
