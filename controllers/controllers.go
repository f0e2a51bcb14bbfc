// Package controllers runs the project's controllers, against any Kubernetes API that serves
// velero.io.
package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/backup"
	"github.com/velero-locations/velero-locations/controllers/backupsync"
	"github.com/velero-locations/velero-locations/controllers/certificates"
	"github.com/velero-locations/velero-locations/controllers/deletion"
	"github.com/velero-locations/velero-locations/controllers/download"
	"github.com/velero-locations/velero-locations/controllers/expiry"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/location"
	"github.com/velero-locations/velero-locations/controllers/namespace"
	"github.com/velero-locations/velero-locations/controllers/restore"
	"github.com/velero-locations/velero-locations/controllers/schedule"
	"github.com/velero-locations/velero-locations/controllers/serverstatus"
	"github.com/velero-locations/velero-locations/controllers/verification"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/release"
)

// component names the controllers in events, in managed fields and in the user agent.
const component = "velero-locations-controller"

// defaultSet stands for the controllers that run in a cluster.
const defaultSet = "*"

// controller is one entry of the table below.
type controller struct {
	// byDefault puts it in the default set.
	byDefault bool
	// first says that it does not need velero.io, which may need it.
	first bool
	// finds are the indexes of the cache that it looks objects up in.
	finds []*index.Index
	// setup adds it to a manager.
	setup func(context.Context, manager.Manager, Options, record.EventRecorder) error
}

// known are the controllers by name. A new one needs a line here and nothing else.
var known = map[string]controller{
	"backup-location":   {byDefault: true, setup: setupLocation(location.SetupBackupStorage)},
	"snapshot-location": {byDefault: true, setup: setupLocation(location.SetupVolumeSnapshot)},
	"backup":            {byDefault: true, finds: []*index.Index{index.BackupsAhead}, setup: setupBackup},
	"backup-sync":       {byDefault: true, finds: []*index.Index{index.BackupsIn}, setup: withStorage(setupSync)},
	"deletion":          {byDefault: true, finds: []*index.Index{index.RequestsAbout, index.RestoresFrom}, setup: withStorage(setupDeletion)},
	"download":          {byDefault: true, setup: withStorage(setupDownload)},
	"expiry":            {byDefault: true, finds: []*index.Index{index.RequestsAbout}, setup: setupExpiry},
	"restore":           {byDefault: true, setup: setupRestore},
	"schedule":          {byDefault: true, finds: []*index.Index{index.BackupsAhead}, setup: setupSchedule},
	"server-status":     {byDefault: true, setup: setupServerStatus},
	"verification":      {byDefault: true, finds: []*index.Index{index.BackupsAsked}, setup: setupVerification},
	// For an API server in a cluster whose certificates nobody else keeps.
	"certificates": {first: true, setup: setupCertificates},
	// A cluster clears its namespaces itself; only the API server of `dev` needs this.
	"namespace": {setup: setupNamespace},
}

// Names returns the names of all controllers, in order.
func Names() []string {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func defaultNames() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return !known[name].byDefault })
}

func setupLocation(setup func(context.Context, manager.Manager, mergepatch.Writer, location.Options) error) func(context.Context, manager.Manager, Options, record.EventRecorder) error {
	return func(ctx context.Context, mgr manager.Manager, opts Options, events record.EventRecorder) error {
		storage, err := opts.backend()
		if err != nil {
			return err
		}
		return setup(ctx, mgr, writer(mgr), location.Options{
			Backend:     storage,
			Frequency:   opts.ValidationFrequency,
			Timeout:     opts.ValidationTimeout,
			ProbeWrites: opts.ProbeWrites,
			Events:      events,
			Metrics:     opts.metrics,
		})
	}
}

func writer(mgr manager.Manager) mergepatch.Writer {
	return mergepatch.Writer{Client: mgr.GetClient(), FieldOwner: component}
}

// withStorage sets up a controller that opens the storage of locations.
func withStorage(setup func(manager.Manager, *backend.Backend, Options) error) func(context.Context, manager.Manager, Options, record.EventRecorder) error {
	return func(_ context.Context, mgr manager.Manager, opts Options, _ record.EventRecorder) error {
		storage, err := opts.backend()
		if err != nil {
			return err
		}
		storage.Secrets = mgr.GetAPIReader()
		return setup(mgr, &storage, opts)
	}
}

func setupBackup(ctx context.Context, mgr manager.Manager, opts Options, events record.EventRecorder) error {
	if err := mgr.Add(&metrics.Census{Reader: mgr.GetClient(), Metrics: opts.metrics}); err != nil {
		return fmt.Errorf("adding the census of backups: %w", err)
	}
	setup := withStorage(func(mgr manager.Manager, storage *backend.Backend, opts Options) error {
		return backup.Setup(mgr, writer(mgr), backup.Options{
			Backend: storage, Defaults: opts.SelectionDefaults, TTL: opts.DefaultBackupTTL,
			Concurrent: opts.ConcurrentBackups, LocationWait: opts.LocationWait, Events: events, Metrics: opts.metrics,
		})
	})
	return setup(ctx, mgr, opts, events)
}

func setupRestore(ctx context.Context, mgr manager.Manager, opts Options, events record.EventRecorder) error {
	if err := mgr.Add(&metrics.RestoreCensus{Reader: mgr.GetClient(), Metrics: opts.metrics}); err != nil {
		return fmt.Errorf("adding the census of restores: %w", err)
	}
	setup := withStorage(func(mgr manager.Manager, storage *backend.Backend, opts Options) error {
		return restore.Setup(mgr, writer(mgr), restore.Options{
			Backend: storage, LocationWait: opts.LocationWait, TerminatingTimeout: opts.TerminatingResourceTimeout, ReadyTimeout: opts.ResourceTimeout, Events: events, Metrics: opts.metrics,
		})
	})
	return setup(ctx, mgr, opts, events)
}

func setupVerification(ctx context.Context, mgr manager.Manager, opts Options, events record.EventRecorder) error {
	if err := mgr.Add(&metrics.Verifications{Reader: mgr.GetClient(), Metrics: opts.metrics, Period: opts.VerifyBackups}); err != nil {
		return fmt.Errorf("adding the count of verified backups: %w", err)
	}
	setup := withStorage(func(mgr manager.Manager, storage *backend.Backend, opts Options) error {
		return verification.Setup(mgr, writer(mgr), verification.Options{
			Backend: storage, Period: opts.VerifyBackups, Bandwidth: opts.VerifyBandwidth.Value(), Events: events,
		})
	})
	return setup(ctx, mgr, opts, events)
}

func setupSync(mgr manager.Manager, storage *backend.Backend, opts Options) error {
	return backupsync.Setup(mgr, writer(mgr), storage, opts.BackupSyncPeriod)
}

func setupDeletion(mgr manager.Manager, storage *backend.Backend, opts Options) error {
	return deletion.Setup(mgr, writer(mgr), storage, opts.metrics)
}

func setupDownload(mgr manager.Manager, storage *backend.Backend, _ Options) error {
	return download.Setup(mgr, writer(mgr), storage)
}

func setupExpiry(_ context.Context, mgr manager.Manager, opts Options, _ record.EventRecorder) error {
	return expiry.Setup(mgr, writer(mgr), opts.GarbageCollectionFrequency)
}

func setupCertificates(_ context.Context, mgr manager.Manager, opts Options, _ record.EventRecorder) error {
	return certificates.Setup(mgr, certificates.Options{
		Namespace: opts.ServerNamespace, Service: opts.ServerService,
		APIServices: []string{"v1.velero.io", "v2alpha1.velero.io"}, FieldOwner: component,
	})
}

func setupSchedule(_ context.Context, mgr manager.Manager, _ Options, _ record.EventRecorder) error {
	return schedule.Setup(mgr, writer(mgr))
}

// setupServerStatus answers with the providers that are known here, in the place of plugins.
func setupServerStatus(_ context.Context, mgr manager.Manager, opts Options, _ record.EventRecorder) error {
	return serverstatus.Setup(mgr, writer(mgr), release.Current().Version, plugins(opts.SnapshotDrivers))
}

func plugins(drivers snapshotter.Drivers) []velerov1.PluginInfo {
	plugins := []velerov1.PluginInfo{{Name: provider.AWS, Kind: "ObjectStore"}}
	for _, name := range drivers.Names() {
		plugins = append(plugins, velerov1.PluginInfo{Name: name, Kind: "VolumeSnapshotter"})
	}
	return plugins
}

func setupNamespace(_ context.Context, mgr manager.Manager, _ Options, _ record.EventRecorder) error {
	return namespace.Setup(mgr)
}

// Run runs the controllers that the options choose until the context ends, which is no error. It
// may be called several times in one process.
func Run(ctx context.Context, kubeconfig *rest.Config, opts Options) error {
	if err := opts.Validate(); err != nil {
		return fmt.Errorf("options of the controllers: %w", err)
	}
	names, err := choose(opts.Controllers)
	if err != nil {
		return err
	}
	if opts.metrics, err = metrics.Registered(ctrlmetrics.Registry); err != nil {
		return err
	}
	kubeconfig = clientConfig(kubeconfig)

	mgr, err := newManager(kubeconfig, opts)
	if err != nil {
		return err
	}
	events, stopEvents, err := newRecorder(kubeconfig, mgr.GetScheme())
	if err != nil {
		return err
	}
	defer stopEvents()
	if err := setUp(ctx, mgr, names, opts, events); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running the controllers: %w", err)
	}
	return nil
}

// setUp adds controllers to a manager: those that the API needs at once, the others when it is served.
func setUp(ctx context.Context, mgr manager.Manager, names []string, opts Options, events record.EventRecorder) error {
	kept := sets.New[*index.Index]()
	add := func(ctx context.Context, first bool) error {
		for _, name := range names {
			if known[name].first != first {
				continue
			}
			for _, found := range known[name].finds {
				if kept.Has(found) {
					continue
				}
				kept.Insert(found)
				if err := found.Add(ctx, mgr.GetFieldIndexer()); err != nil {
					return err
				}
			}
			if err := known[name].setup(ctx, mgr, opts, events); err != nil {
				return fmt.Errorf("setting up controller %q: %w", name, err)
			}
		}
		return nil
	}
	if err := add(ctx, true); err != nil {
		return err
	}
	if !slices.ContainsFunc(names, func(name string) bool { return !known[name].first }) {
		return nil
	}
	return addWhenServed(mgr, func(ctx context.Context) error { return add(ctx, false) })
}

// clientConfig leaves it to the server to limit requests, unless the caller set a limit.
func clientConfig(given *rest.Config) *rest.Config {
	kubeconfig := rest.AddUserAgent(rest.CopyConfig(given), component)
	if kubeconfig.QPS == 0 {
		kubeconfig.QPS = -1
	}
	return kubeconfig
}

// How soon another replica works when one is lost without a word: at once when its lease has run out, but the lease may have been seen
// 2.2 periods late, and be looked at 2.2 periods later. Kubernetes' 15 s, 10 s and 2 s make up to 24 s of that; these, 17 s.
const (
	leaseDuration = 12 * time.Second
	renewDeadline = 8 * time.Second
	retryPeriod   = time.Second
)

var setLogger sync.Once

func newManager(kubeconfig *rest.Config, opts Options) (manager.Manager, error) {
	setLogger.Do(func() { ctrllog.SetLogger(klog.Background()) })

	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, velerov1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}
	again, lease, renewal, retry := true, leaseDuration, renewDeadline, retryPeriod
	options := manager.Options{
		Scheme: scheme,
		// Messages of the manager show only at a higher verbosity; errors always do.
		Logger:                        klog.Background().V(2),
		Metrics:                       metricsserver.Options{BindAddress: orOff(opts.MetricsAddress)},
		HealthProbeBindAddress:        orOff(opts.HealthAddress),
		LeaderElection:                opts.LeaderElection,
		LeaderElectionID:              component,
		LeaderElectionNamespace:       opts.LeaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease,
		RenewDeadline:                 &renewal,
		RetryPeriod:                   &retry,
		// Names need only be unique in one manager, and a process may run several.
		Controller: config.Controller{SkipNameValidation: &again},
	}
	if opts.Namespace != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{opts.Namespace: {}}
	}
	mgr, err := manager.New(kubeconfig, options)
	if err != nil {
		return nil, fmt.Errorf("making the controllers' manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding the health probe: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding the readiness probe: %w", err)
	}
	return mgr, nil
}

func orOff(address string) string {
	if address == "" {
		return "0"
	}
	return address
}

// newRecorder records core/v1 events, which any API server here serves, unlike those of
// events.k8s.io that the manager's own recorder prefers. The function that it returns stops the
// recorder, and is to be called after the last event.
func newRecorder(kubeconfig *rest.Config, scheme *runtime.Scheme) (record.EventRecorder, func(), error) {
	client, err := kubernetes.NewForConfig(kubeconfig)
	if err != nil {
		return nil, nil, fmt.Errorf("making a client for events: %w", err)
	}
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return broadcaster.NewRecorder(scheme, corev1.EventSource{Component: component}), broadcaster.Shutdown, nil
}
