package apiserver

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	basecompatibility "k8s.io/component-base/compatibility"

	"github.com/velero-locations/velero-locations/apiserver/etcd"
)

// EtcdPrefix is what all keys of a server's API in etcd begin with.
const EtcdPrefix = "/registry"

// Options of an aggregated server, which leaves authentication and authorization to the
// kube-apiserver in front of it.
type Options struct {
	// Recommended options of aggregated servers.
	Recommended *genericoptions.RecommendedOptions
	// ServerRun options: limits, time-outs, draining.
	ServerRun *genericoptions.ServerRunOptions
	// EmbeddedEtcd takes the place of Recommended.Etcd's servers when its directory is set.
	EmbeddedEtcd *etcd.Options
	// ClusterPatience is how long a start waits for a cluster that does not answer.
	ClusterPatience time.Duration

	api        *API
	components basecompatibility.ComponentGlobalsRegistry
}

// NewOptions returns options to serve the API with.
func NewOptions(api *API) (*Options, error) {
	components, err := newComponents()
	if err != nil {
		return nil, err
	}
	o := &Options{
		Recommended:     genericoptions.NewRecommendedOptions(EtcdPrefix, api.StorageCodec()),
		ServerRun:       genericoptions.NewServerRunOptionsForComponent(Name, components),
		EmbeddedEtcd:    etcd.NewOptions(),
		ClusterPatience: 30 * time.Second,
		api:             api,
		components:      components,
	}
	o.Recommended.Etcd.StorageConfig.EncodeVersioner = api.StorageVersioner()
	// A certificate that a server makes for itself is one that nobody trusts.
	o.Recommended.SecureServing.ServerCert.CertDirectory = ""
	o.ServerRun.ShutdownWatchTerminationGracePeriod = watchGracePeriod
	return o, nil
}

// AddFlags adds the flags of the server.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	o.Recommended.AddFlags(flags)
	o.ServerRun.AddUniversalFlags(flags)
	o.EmbeddedEtcd.AddFlags(flags)
	o.api.AddFlags(flags)
	flags.DurationVar(&o.ClusterPatience, "cluster-patience", o.ClusterPatience,
		"How long to wait at the start for a cluster that does not answer.")
}

// Run serves until the context ends or etcd fails.
func (o *Options) Run(ctx context.Context) error {
	if err := o.components.Set(); err != nil {
		return fmt.Errorf("setting versions and feature gates: %w", err)
	}
	if err := o.Validate(); err != nil {
		return err
	}
	if err := o.preflight(ctx); err != nil {
		return err
	}
	if o.EmbeddedEtcd.Dir == "" {
		return o.serve(ctx, nil)
	}

	o.EmbeddedEtcd.Prefix = o.Recommended.Etcd.StorageConfig.Prefix
	backend, err := etcd.Start(ctx, o.EmbeddedEtcd)
	if err != nil {
		return err
	}
	defer backend.Close() // after the server has drained
	o.Recommended.Etcd.StorageConfig.Transport.ServerList = []string{backend.Endpoint()}
	return RunWith(ctx, backend, func(ctx context.Context) error { return o.serve(ctx, backend) })
}

// RunWith runs a server on an embedded etcd until it ends or etcd fails. A failure is returned at once: without its etcd a server has nothing
// to answer, and would only be waited for.
func RunWith(ctx context.Context, backend *etcd.Server, serve func(context.Context) error) error {
	served := make(chan error, 1)
	go func() { served <- serve(ctx) }()
	select {
	case err := <-served:
		if err == nil || backend.Err() == nil {
			return err
		}
	case <-backend.Failed():
	}
	return fmt.Errorf("the embedded etcd failed: %w", backend.Err())
}

func (o *Options) serve(ctx context.Context, embedded *etcd.Server) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	config.Embedded = embedded
	server, err := config.New()
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

func (o *Options) config() (*Config, error) {
	config := NewConfig(o.api)
	if err := o.ServerRun.ApplyTo(&config.Generic.Config); err != nil {
		return nil, fmt.Errorf("applying the server's run options: %w", err)
	}
	config.SetVersion(o.components)
	if err := o.Recommended.ApplyTo(config.Generic); err != nil {
		return nil, fmt.Errorf("applying the server's options: %w", err)
	}
	config.FollowsNamespaces = o.enabled(lifecycle.PluginName) // for which there are the permissions
	return config, nil
}
