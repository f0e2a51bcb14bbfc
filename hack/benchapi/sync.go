package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
	"github.com/velero-locations/velero-locations/simulator"
)

const (
	region    = "us-east-1"
	bucket    = "velero-backups"
	keyID     = "AKIABENCHMARKBENCHMA"
	keySecret = "benchmark-benchmark-benchmark-benchmark1"
)

// syncOurs has our controllers make records of what is in a bucket.
func (s *scaled) syncOurs(ctx context.Context) ([]string, error) {
	return s.sync(ctx, "ours", func(endpoint string) (*process, error) {
		return s.startOurs(ctx, endpoint, "backup-location,backup-sync")
	})
}

func (s *site) startOurs(ctx context.Context, endpoint, controllers string) (*process, error) {
	return s.start(ctx, "controller", s.options.program, "controller", "--kubeconfig", s.path("kubeconfig"),
		"--controllers", controllers, "--default-s3-endpoint", endpoint)
}

// syncVelero has Velero's server do so, as it is released, with as many requests a second as it gives itself.
func (s *scaled) syncVelero(ctx context.Context) ([]string, error) {
	return s.sync(ctx, "velero", func(endpoint string) (*process, error) { return s.startVelero(ctx, endpoint) })
}

// startVelero starts Velero's server with its plugin for AWS.
func (s *site) startVelero(ctx context.Context, endpoint string, flags ...string) (*process, error) {
	plugins := s.path("plugins")
	const plugin = "velero-plugin-for-aws"
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return nil, err
	}
	if err := os.Symlink(s.tool(plugin), plugins+"/"+plugin); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return s.start(ctx, "velero", "/usr/bin/env", append([]string{
		"AWS_SHARED_CREDENTIALS_FILE=" + s.path("credentials"), "AWS_ENDPOINT_URL_S3=" + endpoint,
		s.tool("velero"), "server", "--kubeconfig", s.path("kubeconfig"), "--plugin-dir", plugins,
		"--metrics-address", "127.0.0.1:0", "--profiler-address", "127.0.0.1:0",
	}, flags...)...)
}

// sync fills a bucket, and measures how long somebody needs from its start to make records of all that is there.
func (s *scaled) sync(ctx context.Context, by string, begin func(endpoint string) (*process, error)) ([]string, error) {
	storage, endpoint, err := s.startStorage(ctx, by)
	if err != nil {
		return nil, err
	}
	if err := s.fillBucket(ctx, endpoint, by); err != nil {
		return nil, err
	}
	there, err := s.backups.count(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.locations.create(ctx, stored(endpoint, by).manifest(namespace, "synced-by-"+by, 0, 0)); err != nil {
		return nil, err
	}
	start := time.Now()
	p, err := begin(endpoint)
	if err != nil {
		return nil, err
	}
	if err := s.awaitBackups(ctx, p, there+s.options.counts.synced); err != nil {
		return nil, err
	}
	took := time.Since(start)
	if err := s.end(p); err != nil {
		return nil, err
	}
	return []string{seconds(took)}, s.end(storage)
}

// stored are locations in the simulator.
func stored(endpoint, prefix string) kind {
	location := locations
	location.fill = func(o object, namespace string, n int) {
		locations.fill(o, namespace, n)
		o["spec"] = object{
			"provider": "aws", "objectStorage": object{"bucket": bucket, "prefix": prefix}, "backupSyncPeriod": "10s",
			"config": object{"region": region, "s3Url": endpoint, "s3ForcePathStyle": "true"},
		}
	}
	return location
}

// startStorage starts the simulator, and puts the key to it where who syncs looks for it.
func (s *site) startStorage(ctx context.Context, by string) (*process, string, error) {
	address, err := comparison.FreeAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	config, err := yaml.Marshal(simulator.Config{
		APIVersion: simulator.APIVersion, Kind: simulator.Kind, Regions: []string{region}, S3: simulator.S3Config{Address: address},
		EC2: simulator.EC2Config{Address: "127.0.0.1:0"}, Control: simulator.ControlConfig{Address: "127.0.0.1:0"},
		Accounts: []simulator.AccountConfig{{
			ID: "111111111111", Name: "benchmark", AccessKeys: []simulator.AccessKeyConfig{{ID: keyID, Secret: keySecret}},
			Buckets: []simulator.BucketConfig{{Name: bucket, Region: region}},
		}},
	})
	if err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(s.path("simulator.yaml"), config, 0o600); err != nil {
		return nil, "", err
	}
	profile := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", keyID, keySecret)
	if err := os.WriteFile(s.path("credentials"), []byte(profile), 0o600); err != nil {
		return nil, "", err
	}
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: cloud-credentials, namespace: " + namespace + "}\nstringData:\n  cloud: |\n    " +
		strings.ReplaceAll(strings.TrimSpace(profile), "\n", "\n    ") + "\n"
	if err := s.kubectl(ctx, secret, "apply", "-f", "-"); err != nil {
		return nil, "", err
	}
	p, err := s.start(ctx, "simulator-"+by, s.options.program, "simulator", "--config", s.path("simulator.yaml"))
	if err != nil {
		return nil, "", err
	}
	return p, "http://" + address, p.awaitPort(ctx, address)
}

// fillBucket puts into a bucket what backups of that many names have left.
func (s *scaled) fillBucket(ctx context.Context, endpoint, prefix string) error {
	client, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(keyID, keySecret, ""), Region: region, BucketLookup: minio.BucketLookupPath,
		Transport: &http.Transport{MaxIdleConnsPerHost: s.options.clients, DisableCompression: true},
	})
	if err != nil {
		return fmt.Errorf("making a client of the storage: %w", err)
	}
	return each(ctx, s.options.clients, s.options.counts.synced, func(ctx context.Context, n int) error {
		name := fmt.Sprintf("%s-%06d", prefix, n)
		content := backups.manifest(namespace, name, n, 0)
		key := fmt.Sprintf("%s/backups/%s/velero-backup.json", prefix, name)
		_, err := client.PutObject(ctx, bucket, key, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
		return err
	})
}

// awaitPort waits until a process listens.
func (p *process) awaitPort(ctx context.Context, address string) error {
	return p.awaits(ctx, func(ctx context.Context) error {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
}
