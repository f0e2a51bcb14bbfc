package controllers

import (
	"context"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/utils/lru"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
)

// What bounds a Prober.
const (
	// probeTime is how long an answer may take, which leaves some of the second that a write may take longer for what else is asked.
	probeTime = 800 * time.Millisecond
	// probesAtOnce is how many locations are asked at a time, of all namespaces.
	probesAtOnce = 8
	// probesAtFirst is how many of a namespace are asked at once, and probeRate how many each second from then on.
	probesAtFirst, probeRate = 20, 1
	// probedNamespaces is of how many namespaces that is remembered.
	probedNamespaces = 1000
)

// Prober asks the storage of locations, as the controllers would, on behalf of those who type them. What would be too much is not
// asked.
type Prober struct {
	storage backend.Backend
	places  chan struct{}
	limits  *lru.Cache
}

// ProberOptions say whether there is a Prober, and where storage is that locations do not name.
type ProberOptions struct {
	// Enabled is whether storage is asked.
	Enabled bool
	// DefaultS3Endpoint and DefaultSTSEndpoint are as those of Options.
	DefaultS3Endpoint, DefaultSTSEndpoint string
}

// AddFlags adds the flags of a server that may reach storage.
func (o *ProberOptions) AddFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&o.Enabled, "probe-locations", o.Enabled,
		"Ask the storage of backup storage locations when they are typed, for a second at most, and warn of what is in the way. The server must be able to reach it, as the controllers do.")
	flags.StringVar(&o.DefaultS3Endpoint, "default-s3-endpoint", o.DefaultS3Endpoint,
		"With --probe-locations: as that of the controllers, the URL of the storage of locations whose spec.config has no s3Url; empty: Amazon S3.")
	flags.StringVar(&o.DefaultSTSEndpoint, "default-sts-endpoint", o.DefaultSTSEndpoint,
		"With --probe-locations: as that of the controllers, the URL of the service at which the roles of credentials are assumed; empty: AWS STS.")
}

// New returns the Prober.
func (o *ProberOptions) New() (*Prober, error) {
	options := Options{DefaultS3Endpoint: o.DefaultS3Endpoint, DefaultSTSEndpoint: o.DefaultSTSEndpoint, StorageStallTimeout: probeTime}
	storage, err := options.backend()
	if err != nil {
		return nil, err
	}
	return &Prober{storage: storage, places: make(chan struct{}, probesAtOnce), limits: lru.New(probedNamespaces)}, nil
}

// Secrets are the names of those that Ask reads.
func (p *Prober) Secrets(location *velerov1.BackupStorageLocation) []string {
	return backend.ObjectStoreSecrets(location)
}

// Ask returns what keeps a location from being used, as far as its storage says so in time.
func (p *Prober) Ask(ctx context.Context, secrets kubernetes.Interface, location *velerov1.BackupStorageLocation) string {
	if !p.limit(location.Namespace).TryAccept() {
		return ""
	}
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	storage := p.storage
	storage.Secrets = backend.SecretsOf(secrets)
	if err := storage.Ask(ctx, location); err != nil {
		return err.Error()
	}
	return ""
}

// limit is that of a namespace. Of two that are made at once, one counts.
func (p *Prober) limit(namespace string) flowcontrol.RateLimiter {
	if known, found := p.limits.Get(namespace); found {
		return known.(flowcontrol.RateLimiter)
	}
	limit := flowcontrol.NewTokenBucketRateLimiter(probeRate, probesAtFirst)
	p.limits.Add(namespace, limit)
	return limit
}
