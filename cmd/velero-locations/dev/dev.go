// Package dev runs everything on loopback in one process: an embedded etcd, the API server, the
// controllers and the storage simulator, with all state in one directory.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/apiserver"
	"github.com/velero-locations/velero-locations/apiserver/etcd"
	"github.com/velero-locations/velero-locations/apiserver/standalone"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/azure"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/portworx"
	"github.com/velero-locations/velero-locations/console"
	"github.com/velero-locations/velero-locations/controllers"
	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/internal/pki"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
)

// Options of a development server.
type Options struct {
	// DataDir holds all state; a second start on it resumes.
	DataDir string
	// Port of the API server on 127.0.0.1. 0: any free one.
	Port int
	// S3Address that the simulator's object storage answers on. Port 0: any free one.
	S3Address string
	// EC2Address that the simulator's EC2 and STS answer on. Port 0: any free one.
	EC2Address string
	// CloudsAddress that the simulated Azure and Portworx answer on. Port 0: any free one.
	CloudsAddress string
	// SimulatorControlAddress that the simulator's control API answers on. Port 0: any free one.
	SimulatorControlAddress string
	// Etcd says how large the database may grow.
	Etcd etcd.Options
	// Rules of validation.
	Rules validation.Rules
	// Controllers says which controllers run, and how; where the storage is they are told.
	Controllers controllers.Options
	// ProbeLocations has the storage of locations asked when they are typed.
	ProbeLocations bool
	// OnReady is called once everything answers and all files are written.
	OnReady func(Info)
}

// Info says where a running development server is.
type Info struct {
	// Server is the URL of the API server.
	Server string
	// S3 is the URL of the simulator's object storage, and S3Regions those of the endpoints of its regions.
	S3        string
	S3Regions map[string]string
	// EC2 is the URL of the simulator's EC2 and STS.
	EC2 string
	// Clouds is the URL of the simulated Azure and Portworx.
	Clouds string
	// SimulatorControl is the URL of the simulator's control API.
	SimulatorControl string
	// Console is the URL of the page that shows all this, with its token.
	Console string
	// Kubeconfig and Env are the paths of the files for clients and for shells.
	Kubeconfig, Env string
}

// NewOptions returns the default options.
func NewOptions() *Options {
	running := controllers.NewOptions()
	running.Controllers = []string{"*", "namespace"}
	return &Options{
		DataDir: ".dev", Port: 7443, S3Address: "127.0.0.1:7444", EC2Address: "127.0.0.1:7445",
		SimulatorControlAddress: "127.0.0.1:7446", CloudsAddress: "127.0.0.1:7447", OnReady: func(Info) {},
		Controllers: running, Etcd: *etcd.NewOptions(), ProbeLocations: true,
	}
}

// AddFlags adds the flags of a development server.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.DataDir, "data-dir", o.DataDir, "Directory of all state. A second start on it resumes; removing it starts anew.")
	flags.IntVar(&o.Port, "port", o.Port, "Port of the API server on 127.0.0.1; 0 takes any free one.")
	o.Etcd.AddQuotaFlag(flags)
	flags.Var(&o.Rules.ProviderConfig, "provider-config", "What becomes of errors in spec.config: enforce, warn or off.")
	o.Controllers.SelectionDefaults.AddFlags(flags)
	flags.StringSliceVar(&o.Controllers.Controllers, "controllers", o.Controllers.Controllers,
		"Controllers to run, as with velero-locations controller, for those who run Velero's own server against this one: '-foo' turns one off, as in '*,namespace,-expiry'. "+
			"The controller namespace clears namespaces that are deleted.")
	flags.BoolVar(&o.ProbeLocations, "probe-locations", o.ProbeLocations, "Ask the storage of backup storage locations when they are typed, for a second at most, and warn of what is in the way.")
	flags.BoolVar(&o.Controllers.ProbeWrites, "probe-writes", o.Controllers.ProbeWrites, "Find out, when a backup storage location is checked, whether it can be written to, as with velero-locations controller.")
	flags.StringVar(&o.S3Address, "s3-address", o.S3Address, "Address of the simulator's S3; port 0 takes any free one.")
	flags.StringVar(&o.EC2Address, "ec2-address", o.EC2Address, "Address of the simulator's EC2 and STS; port 0 takes any free one.")
	flags.StringVar(&o.CloudsAddress, "clouds-address", o.CloudsAddress, "Address of the simulated Azure and Portworx; port 0 takes any free one.")
	flags.StringVar(&o.SimulatorControlAddress, "simulator-control-address", o.SimulatorControlAddress, "Address of the simulator's control API; port 0 takes any free one.")
}

// What holds the state in the data directory, and cannot be made anew.
const (
	worldFile    = "simulator.yaml"
	simulatorDir = "simulator"
	etcdDir      = "etcd"
)

// readyPoll is how often the server is asked whether it is ready.
const readyPoll = 10 * time.Millisecond

// dev is one run.
type dev struct {
	options   *Options
	dir       string
	api       net.Listener
	simulator *simulator.Simulator
	endpoints simulator.Endpoints
	accounts  []simulator.AccountConfig
	disks     []disk
	// admin is how the user of the kubeconfig reaches the API, and console the part of the page that does so.
	kubeconfig []byte
	admin      *rest.Config
	console    *console.Cluster
	running    bool
}

// Run runs a development server until the context ends. An error says what could not be
// started, or what failed.
func Run(ctx context.Context, options *Options) error {
	if err := options.Controllers.Validate(); err != nil {
		return fmt.Errorf("options of the controllers: %w", err)
	}
	if err := options.Etcd.Validate(); err != nil {
		return err
	}
	dir, err := filepath.Abs(options.DataDir)
	if err != nil {
		return fmt.Errorf("finding the data directory: %w", err)
	}
	if err := datadir.Make(dir); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	locked, err := lock.TryLock()
	switch {
	case err != nil:
		return fmt.Errorf("locking the data directory: %w", err)
	case !locked:
		return fmt.Errorf("the data directory %s is in use by another process: stop it, or choose another by --data-dir", dir)
	}
	// The lock goes with the process in any case.
	defer func() { _ = lock.Unlock() }()

	if err := datadir.Lost(dir, worldFile, simulatorDir, etcdDir); err != nil {
		return err
	}
	options.Etcd.Dir, options.Etcd.Prefix = filepath.Join(dir, etcdDir), apiserver.EtcdPrefix
	d := &dev{options: options, dir: dir}
	if err := d.listen(ctx); err != nil {
		return err
	}
	defer func() {
		if !d.running { // a server that runs closes its listener itself
			_ = d.api.Close()
		}
	}()
	return d.run(ctx)
}

func (d *dev) path(name string) string { return filepath.Join(d.dir, name) }

func (d *dev) listen(ctx context.Context) error {
	var config net.ListenConfig
	var err error
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(d.options.Port))
	if d.api, err = config.Listen(ctx, "tcp", address); err != nil {
		return fmt.Errorf("opening the API server's port (--port chooses another): %w", err)
	}
	return nil
}

func (d *dev) run(ctx context.Context) (err error) {
	// Whoever waits for the environment must not take that of an earlier run.
	if err := os.Remove(d.path("env")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the environment of an earlier run: %w", err)
	}
	authority, err := d.loadAuthority()
	if err != nil {
		return err
	}
	if err := d.prepareClients(authority); err != nil {
		return err
	}
	if err := d.startSimulator(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.simulator.Close()) }()
	backend, err := etcd.Start(ctx, &d.options.Etcd)
	if err != nil {
		return err
	}
	defer backend.Close()

	server, err := d.newServer(authority, backend)
	if err != nil {
		return err
	}
	d.running = true
	return apiserver.RunWith(ctx, backend, func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return d.simulator.Run(ctx) })
		group.Go(func() error { return server.Run(ctx) })
		group.Go(func() error { return d.console.Run(ctx) })
		group.Go(func() error { return unlessStopped(ctx, d.finish(ctx, group, authority)) })
		return group.Wait()
	})
}

func (d *dev) newServer(authority *pki.Authority, backend *etcd.Server) (*apiserver.Server, error) {
	certificate, err := authority.Serving()
	if err != nil {
		return nil, err
	}
	api, err := apiserver.NewAPI(apiserver.Velero, apiserver.Core)
	if err != nil {
		return nil, err
	}
	api.Environment.Rules, api.Environment.Defaults = d.options.Rules, d.options.Controllers.SelectionDefaults
	if d.options.ProbeLocations {
		probes := controllers.ProberOptions{DefaultS3Endpoint: d.endpoints.S3, DefaultSTSEndpoint: d.endpoints.EC2}
		if api.Environment.Prober, err = probes.New(); err != nil {
			return nil, err
		}
	}
	return standalone.New(api, standalone.Options{
		Listener:    d.api,
		CertPEM:     certificate.CertPEM,
		KeyPEM:      certificate.KeyPEM,
		ClientCAPEM: authority.CertPEM,
		Etcd:        backend,
	})
}

// server is the URL of the API server.
func (d *dev) server() string { return "https://" + d.api.Addr().String() }

// prepareClients makes what clients reach the API server by, as soon as it answers.
func (d *dev) prepareClients(authority *pki.Authority) error {
	admin, err := administrator(authority)
	if err != nil {
		return err
	}
	if d.kubeconfig, err = kubeconfig(d.server(), authority, admin); err != nil {
		return err
	}
	if d.admin, err = clientcmd.RESTConfigFromKubeConfig(d.kubeconfig); err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	d.console, err = console.New(d.admin, console.Options{Write: true, Kubectl: []string{"kubectl"}, Setup: ". " + d.path("env"), KeyID: d.keyID})
	return err
}

// keyID is the id of the simulator's key that a credentials file has. Those of others are shown to nobody.
func (d *dev) keyID(file []byte, profile string) string {
	identity, err := credentials.ParseAWSIdentity(file, profile)
	if err != nil || identity.Source != credentials.InFile {
		return ""
	}
	id := identity.InFile.AccessKeyID
	if !slices.ContainsFunc(d.simulator.Accounts().Keys(), func(key accounts.Key) bool { return key.ID == id }) {
		return ""
	}
	return id
}

// finish does what needs a server that answers: it makes the first objects, runs the controllers,
// and tells clients where everything is.
func (d *dev) finish(ctx context.Context, group *errgroup.Group, authority *pki.Authority) error {
	info := Info{
		Server: d.server(), S3: d.endpoints.S3, S3Regions: d.endpoints.S3Regions, EC2: d.endpoints.EC2, Clouds: d.endpoints.Clouds, SimulatorControl: d.endpoints.Control, Console: d.endpoints.Console,
		Kubeconfig: d.path("kubeconfig"), Env: d.path("env"),
	}
	if err := waitUntilReady(ctx, d.admin); err != nil {
		return err
	}
	if err := seed(ctx, d.admin, d.locationCredentials(), d.disks); err != nil {
		return err
	}
	if err := datadir.WriteFile(info.Kubeconfig, d.kubeconfig); err != nil {
		return err
	}
	if err := d.writeCredentials(); err != nil {
		return err
	}
	if err := d.linkCommands(); err != nil {
		return err
	}
	controller, err := asController(d.admin, authority)
	if err != nil {
		return err
	}
	group.Go(func() error { return unlessStopped(ctx, controllers.Run(ctx, controller, d.controllerOptions())) })
	if err := datadir.Complete(d.dir); err != nil {
		return err
	}
	if err := datadir.WriteFile(info.Env, d.environment()); err != nil {
		return err
	}
	d.options.OnReady(info)
	// What only the start needed goes back at once: the server idles for most of its time on a laptop.
	debug.FreeOSMemory()
	return nil
}

// unlessStopped drops the error of what was interrupted because the server is to stop: it is the
// consequence of a signal, or of a failure that is reported where it happened.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (d *dev) controllerOptions() controllers.Options {
	options := d.options.Controllers
	options.DefaultS3Endpoint, options.DefaultSTSEndpoint = d.endpoints.S3, d.endpoints.EC2
	options.SnapshotDrivers = maps.Clone(options.SnapshotDrivers)
	options.SnapshotDrivers[azure.ProviderName], options.SnapshotDrivers[portworx.ProviderName] = azure.Driver, portworx.Driver
	options.DefaultVolumeEndpoints = map[string]string{provider.AWS: d.endpoints.EC2, azure.ProviderName: d.endpoints.Clouds, portworx.ProviderName: d.endpoints.Clouds}
	return options
}

func waitUntilReady(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	err = wait.PollUntilContextCancel(ctx, readyPoll, true, func(ctx context.Context) (bool, error) {
		var code int
		client.Discovery().RESTClient().Get().AbsPath("/readyz").Param("exclude", apiserver.SpaceCheck).Do(ctx).StatusCode(&code)
		return code == http.StatusOK, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the API server: %w", err)
	}
	return nil
}
