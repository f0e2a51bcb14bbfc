package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericoptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"

	"github.com/velero-locations/velero-locations/apiserver/etcd"
)

// EtcdPrefix is where all keys of a server's API stand in etcd.
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
		Recommended:  genericoptions.NewRecommendedOptions(EtcdPrefix, api.StorageCodec()),
		ServerRun:    genericoptions.NewServerRunOptionsForComponent(Name, components),
		EmbeddedEtcd: etcd.NewOptions(),
		api:          api,
		components:   components,
	}
	o.Recommended.Etcd.StorageConfig.EncodeVersioner = api.StorageVersioner()
	// Without files for a certificate, one is made in memory for as long as the server runs.
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
}

// Validate returns what is missing, contradictory or out of range.
func (o *Options) Validate() error {
	errs := []error{o.validateEtcd(), o.validateCluster()}
	recommended := *o.Recommended
	if len(o.Recommended.Etcd.StorageConfig.Transport.ServerList) == 0 {
		recommended.Etcd = nil // said by validateEtcd, or filled in once the embedded one runs
	}
	errs = append(errs, recommended.Validate()...)
	errs = append(errs, o.ServerRun.Validate()...)
	errs = append(errs, o.components.Validate()...)
	return utilerrors.NewAggregate(errs)
}

func (o *Options) validateEtcd() error {
	servers, embedded := len(o.Recommended.Etcd.StorageConfig.Transport.ServerList) > 0, o.EmbeddedEtcd.Dir != ""
	switch {
	case servers && embedded:
		return errors.New("--etcd-servers and --embedded-etcd-dir exclude each other: name the servers of an etcd, or a directory for an embedded one")
	case !servers && !embedded:
		return errors.New("no etcd: name its servers by --etcd-servers, or a directory for an embedded one by --embedded-etcd-dir")
	}
	return nil
}

// validateCluster refuses to start a server that could ask nobody who its users are and what they may do.
func (o *Options) validateCluster() error {
	if _, err := rest.InClusterConfig(); err == nil {
		return nil
	}
	var missing []string
	for flag, kubeconfig := range map[string]string{
		"--kubeconfig":                o.Recommended.CoreAPI.CoreAPIKubeconfigPath,
		"--authentication-kubeconfig": o.Recommended.Authentication.RemoteKubeConfigFile,
		"--authorization-kubeconfig":  o.Recommended.Authorization.RemoteKubeConfigFile,
	} {
		if kubeconfig == "" {
			missing = append(missing, flag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("not running in a cluster: name kubeconfig files of the cluster to serve by %s (a server without a cluster is `velero-locations dev`)", strings.Join(missing, ", "))
}

// Run serves until the context ends or etcd fails.
func (o *Options) Run(ctx context.Context) error {
	if err := o.components.Set(); err != nil {
		return fmt.Errorf("setting versions and feature gates: %w", err)
	}
	if err := o.Validate(); err != nil {
		return err
	}
	if o.EmbeddedEtcd.Dir == "" {
		return o.serve(ctx)
	}

	backend, err := etcd.Start(ctx, o.EmbeddedEtcd)
	if err != nil {
		return err
	}
	defer backend.Close() // after the server has drained
	o.Recommended.Etcd.StorageConfig.Transport.ServerList = []string{backend.Endpoint()}
	return RunWith(ctx, backend, o.serve)
}

// RunWith runs a server on an embedded etcd, and stops it with an error when etcd fails.
func RunWith(ctx context.Context, backend *etcd.Server, serve func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	ctx, cancel := context.WithCancel(ctx)
	group.Go(func() error {
		defer cancel()
		return serve(ctx)
	})
	group.Go(func() error {
		select {
		case err := <-backend.Failed():
			return fmt.Errorf("the embedded etcd failed: %w", err)
		case <-ctx.Done():
			return nil
		}
	})
	return group.Wait()
}

func (o *Options) serve(ctx context.Context) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	server, err := config.New()
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

func (o *Options) config() (*Config, error) {
	if err := o.Recommended.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, fmt.Errorf("making a serving certificate: %w", err)
	}
	config := NewConfig(o.api)
	if err := o.ServerRun.ApplyTo(&config.Generic.Config); err != nil {
		return nil, fmt.Errorf("applying the server's run options: %w", err)
	}
	config.SetVersion(o.components)
	if err := o.Recommended.ApplyTo(config.Generic); err != nil {
		return nil, fmt.Errorf("applying the server's options: %w", err)
	}
	return config, nil
}
