package controllers

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/rest"
)

func TestChoose(t *testing.T) {
	known, byDefault := "known are "+strings.Join(Names(), ", "), defaultNames()
	without := func(left string) []string {
		return slices.DeleteFunc(defaultNames(), func(name string) bool { return name == left })
	}
	for name, tc := range map[string]struct {
		names, want []string
		err         string
	}{
		"the default set":         {names: []string{"*"}, want: byDefault},
		"one more":                {names: []string{"*", "namespace"}, want: slices.Sorted(slices.Values(append(defaultNames(), "namespace")))},
		"one of the set as well":  {names: []string{"snapshot-location", "*"}, want: byDefault},
		"one outside the set":     {names: []string{"namespace"}, want: []string{"namespace"}},
		"one that does not exist": {names: []string{"*", "locations"}, err: `there is no controller "locations"; ` + known + ", and '*'"},
		"none":                    {err: known},
		"all but one":             {names: []string{"*", "-expiry"}, want: without("expiry")},
		"all but one, in front":   {names: []string{"-expiry", "*"}, want: without("expiry")},
		"one on and one off":      {names: []string{"*", "-backup", "namespace"}, want: slices.Sorted(slices.Values(append(without("backup"), "namespace")))},
		"on, then off":            {names: []string{"schedule", "expiry", "-expiry"}, want: []string{"expiry", "schedule"}},
		"off, then on":            {names: []string{"schedule", "-expiry", "expiry"}, want: []string{"schedule"}},
		"off that was not on":     {names: []string{"*", "-namespace"}, want: byDefault},
		"only one off":            {names: []string{"-expiry"}, err: known},
		"all off":                 {names: []string{"*", "-*"}, err: `there is no controller "-*"; ` + known},
		"off, does not exist":     {names: []string{"*", "-locations"}, err: `there is no controller "-locations"; ` + known + ", and '*'"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := choose(tc.names)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got error %v, want %q in it", err, tc.err)
				}
			} else if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	opts := NewOptions()
	if err := opts.Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	bad := Options{
		SnapshotDrivers: NewOptions().SnapshotDrivers,
		Controllers:     []string{"x"}, DefaultS3Endpoint: "https://key:hidden@s3", DefaultSTSEndpoint: "https://key:hidden@sts", ValidationFrequency: -time.Second,
		DefaultVolumeEndpoints: map[string]string{"aws": "https://key:hidden@ec2", "gcp": "http://gcp"},
		LeaderElection:         true,
		BackupSyncPeriod:       -time.Second, LocationWait: -time.Second, VerifyBackups: -time.Hour,
		VerifyBandwidth: resource.QuantityValue{Quantity: resource.MustParse("-1Mi")},
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, flag := range []string{
		"--controllers", "--default-s3-endpoint", "--default-sts-endpoint", `--default-volume-endpoints: that of "aws"`, `there is no driver for provider "gcp"`, "--store-validation-frequency", "--validation-timeout",
		"--default-backup-ttl", "--backup-sync-period", "--garbage-collection-frequency", "--location-wait", "--storage-stall-timeout", "--leader-elect-namespace", "--server-service", "--verify-backups", "--verify-bandwidth is -1Mi",
	} {
		if !strings.Contains(err.Error(), flag) {
			t.Errorf("nothing about %s in: %v", flag, err)
		}
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("a secret shows: %v", err)
	}
	if err := Run(context.Background(), &rest.Config{}, bad); err == nil || !strings.Contains(err.Error(), "--controllers") {
		t.Errorf("run with bad options: %v", err)
	}
}

func TestFlags(t *testing.T) {
	opts := NewOptions()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	opts.AddFlags(flags)
	err := flags.Parse([]string{
		"--controllers=snapshot-location,namespace", "--namespace=n", "--default-s3-endpoint=http://127.0.0.1:9000",
		"--default-volume-endpoints=aws=http://127.0.0.1:4566", "--default-sts-endpoint=http://127.0.0.1:4567", "--lend-identity",
		"--store-validation-frequency=0", "--validation-timeout=3s", "--leader-elect", "--leader-elect-namespace=l",
		"--metrics-address=:8085", "--health-address=:8086", "--verify-backups=24h", "--verify-bandwidth=10Mi",
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(opts.Controllers, []string{"snapshot-location", "namespace"}) || opts.Namespace != "n" ||
		opts.DefaultS3Endpoint != "http://127.0.0.1:9000" || opts.ValidationFrequency != 0 || opts.ValidationTimeout != 3*time.Second ||
		!opts.LeaderElection || opts.LeaderElectionNamespace != "l" || opts.MetricsAddress != ":8085" || opts.HealthAddress != ":8086" ||
		opts.VerifyBackups != 24*time.Hour || opts.VerifyBandwidth.Value() != 10<<20 {
		t.Errorf("got %+v", opts)
	}
	storage, err := opts.backend()
	if err != nil || storage.S3Endpoint.String() != "http://127.0.0.1:9000" || storage.VolumeEndpoints["velero.io/aws"].String() != "http://127.0.0.1:4566" ||
		storage.STSEndpoint.String() != "http://127.0.0.1:4567" || !storage.LendIdentity || NewOptions().LendIdentity {
		t.Errorf("got %+v, %v", storage, err)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Usage == "" {
			t.Errorf("--%s has no description", f.Name)
		}
	})
}
