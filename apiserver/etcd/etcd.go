// Package etcd runs a single-member etcd inside the process, for servers of one replica that
// need no etcd cluster beside them.
package etcd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/internal/datadir"
)

// catchUpEntries is how many writes stay in memory behind those that a snapshot of raft's log has.
const catchUpEntries = 10

// Options of an embedded etcd.
type Options struct {
	// Dir holds all state. It is made, readable by its owner only, where it does not exist.
	Dir string
	// Quota is the size that the database may grow to before writes are refused.
	Quota resource.QuantityValue
	// Prefix is what the keys of all objects begin with.
	Prefix string
}

// NewOptions returns options without a directory, which means no embedded etcd.
func NewOptions() *Options {
	return &Options{Quota: resource.QuantityValue{Quantity: resource.MustParse("8Gi")}}
}

// AddFlags adds the flags of an embedded etcd.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Dir, "embedded-etcd-dir", o.Dir,
		"Directory of an etcd that runs inside this process. For one replica only; not together with --etcd-servers.")
	o.AddQuotaFlag(flags)
}

// AddQuotaFlag adds only the flag of the quota, for those who know the directory.
func (o *Options) AddQuotaFlag(flags *pflag.FlagSet) {
	flags.Var(&o.Quota, "embedded-etcd-quota",
		"Size that the embedded etcd's database may grow to, such as 8Gi, before everything but deletions is refused. The disk needs room for twice as much.")
}

// Validate returns what is wrong with the options.
func (o *Options) Validate() error {
	if o.Quota.Value() <= 0 {
		return fmt.Errorf("--embedded-etcd-quota is %s: it must be positive, such as 8Gi", &o.Quota)
	}
	return nil
}

const (
	// watchProgressInterval is what the API server's watch cache expects of its etcd.
	watchProgressInterval = 5 * time.Second
	// defragThresholdMegabytes of free space that are worth a compaction of the file at start.
	defragThresholdMegabytes = 256
	// closeTimeout is how long a stop may take.
	closeTimeout = 10 * time.Second
	// maxSocketPath is the longest path that a Unix socket can have on the supported systems.
	maxSocketPath = 103

	// lockFile and dataDir are what the directory has in it, beside the socket.
	lockFile = "lock"
	dataDir  = "data"
)

// Server is a running etcd. Only its own process, and others of the same user, can reach it: it
// listens on nothing but a Unix socket in a directory that is closed to everybody else.
type Server struct {
	etcd      *embed.Etcd
	lock      *flock.Flock
	failures  *failures
	endpoint  string
	socketDir string // set when the socket stands outside the data directory
	dir       string
	answers   bool // once it has started
	quota     int64
	prefix    string
	reading   sync.RWMutex // read-locked by snapshots
	largest   atomic.Pointer[[]Share]
	stop      context.CancelFunc
	stopped   chan struct{} // closed when the maintenance has ended
}

// Start runs etcd until Close. It returns when etcd answers, or at once with an error when the
// directory is in use, unreadable or damaged.
func Start(ctx context.Context, options *Options) (*Server, error) {
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the etcd directory: %w", err)
	}
	if err := os.Chmod(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("closing the etcd directory to other users: %w", err)
	}
	s := &Server{
		failures: newFailures(), lock: flock.New(filepath.Join(options.Dir, lockFile)),
		dir: options.Dir, quota: options.Quota.Value(), prefix: options.Prefix, stop: func() {}, stopped: make(chan struct{}),
	}
	locked, err := s.lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("locking the etcd directory: %w", err)
	case !locked:
		return nil, fmt.Errorf("the etcd directory %s is in use by another process", options.Dir)
	}

	err = inspect(options.Dir)
	var config *embed.Config
	if err == nil {
		config, err = s.config(options)
	}
	if err == nil {
		err = removeSums(options.Dir)
	}
	if err == nil {
		err = s.start(ctx, config)
	}
	if err == nil {
		s.answers = true
		err = datadir.Complete(options.Dir)
	}
	if err != nil {
		close(s.stopped)
		s.Close()
		return nil, err
	}
	s.startMaintenance()
	return s, nil
}

// Endpoint is the URL at which etcd clients reach the server.
func (s *Server) Endpoint() string { return s.endpoint }

// Failed is closed when etcd cannot go on, such as after a failed write to its log. Err says why.
func (s *Server) Failed() <-chan struct{} { return s.failures.failed }

// Err returns why etcd cannot go on, or nil while it can.
func (s *Server) Err() error {
	err := s.failures.err()
	if explained := datadir.Explain(s.dir, err); explained != nil {
		return explained
	}
	return err
}

// Close stops etcd and releases its directory. An etcd that has failed cannot be stopped, since the goroutine that found the reason ended
// with all its locks. It is left alone: whatever it has answered is in its log.
func (s *Server) Close() {
	if s.Err() == nil && s.closeEtcd() && s.answers {
		if err := writeSums(s.dir); err != nil {
			klog.ErrorS(err, "Damage to etcd's data may stay unnoticed at the next start")
		}
	}
	if s.socketDir != "" {
		// What stays behind is an empty directory among the temporary files.
		_ = os.RemoveAll(s.socketDir)
	}
	// The lock goes with the process in any case.
	_ = s.lock.Unlock()
}

// closeEtcd says whether etcd has closed, rather than failed in it, or taken too long.
func (s *Server) closeEtcd() bool {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.stop()
		<-s.stopped
		if s.etcd != nil {
			s.etcd.Close()
		}
	}()
	select {
	case <-closed:
		return true
	case <-s.Failed():
	case <-time.After(closeTimeout):
		klog.Warningf("The embedded etcd was still closing after %s", closeTimeout)
	}
	return false
}

func (s *Server) config(options *Options) (*embed.Config, error) {
	socket, err := s.socketPath(options.Dir)
	if err != nil {
		return nil, err
	}
	client := url.URL{Scheme: "unix", Path: socket}
	s.endpoint = client.String()

	config := embed.NewConfig()
	config.Dir = filepath.Join(options.Dir, dataDir)
	config.ListenPeerUrls = nil // a single member has no peers to listen for
	// Nor has it any that could fall behind, for whom etcd keeps 5,000 writes in memory: of large objects, gigabytes.
	config.SnapshotCatchUpEntries = catchUpEntries
	config.ListenClientUrls = []url.URL{client}
	config.AdvertiseClientUrls = []url.URL{client}
	config.QuotaBackendBytes = options.limit()
	config.WatchProgressNotifyInterval = watchProgressInterval
	config.BootstrapDefragThresholdMegabytes = defragThresholdMegabytes
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newLogger(s.failures))
	return config, nil
}

// socketPath is in the data directory, or in a private temporary one where that is too long for a socket.
func (s *Server) socketPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the etcd directory: %w", err)
	}
	if path := filepath.Join(dir, "client.sock"); len(path) <= maxSocketPath {
		return path, nil
	}
	if s.socketDir, err = os.MkdirTemp("", "etcd-"); err != nil {
		return "", fmt.Errorf("making a directory for the etcd socket: %w", err)
	}
	return filepath.Join(s.socketDir, "client.sock"), nil
}

// start runs etcd's own start in a goroutine, because etcd answers damage by ending the goroutine
// that finds it (see newLogger) or by a panic.
func (s *Server) start(ctx context.Context, config *embed.Config) error {
	started := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				started <- fmt.Errorf("%v", r)
			}
		}()
		etcd, err := embed.StartEtcd(config)
		s.etcd = etcd
		started <- err
	}()

	select {
	case err := <-started:
		if err != nil {
			return explain(config.Dir, err)
		}
	case <-s.Failed():
		return explain(config.Dir, s.failures.err())
	}
	select {
	case <-s.etcd.Server.ReadyNotify():
		return nil
	case err := <-s.etcd.Err():
		return explain(config.Dir, err)
	case <-s.Failed():
		return explain(config.Dir, s.failures.err())
	case <-ctx.Done():
		return fmt.Errorf("waiting for etcd: %w", ctx.Err())
	}
}

func explain(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("opening etcd's data: %w", err)
	}
	if err := datadir.Explain(dir, err); err != nil {
		return err
	}
	return fmt.Errorf("etcd cannot use its data in %s (%w): restore a copy of that directory, or move it away to start empty", dir, err)
}
