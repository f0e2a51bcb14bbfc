// Package simulator is a cloud's storage to try things against: S3 with regions, accounts and credentials that are
// checked as the real one checks them. It runs in a Go test or as a process of its own, in memory or on disk.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/s3"
	"github.com/velero-locations/velero-locations/simulator/store"
)

const (
	readHeaderTimeout = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	// grace is how long requests may go on when the simulator is told to stop.
	grace = 10 * time.Second
)

// Simulator is a running cloud. It is safe for concurrent use.
type Simulator struct {
	accounts *accounts.Directory
	store    *store.Store
	s3       *s3.Server
}

// Option changes what a configuration file does not speak of.
type Option func(*options)

type options struct{ now func() time.Time }

// WithClock sets the clock that signatures, expiry and times of objects go by; the machine's is the default.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// New makes the cloud that the configuration describes. With a data directory it takes up what is there; a directory
// that another simulator has open is an error at once. The caller must Close it.
func New(config Config, opts ...Option) (*Simulator, error) {
	o := options{now: time.Now}
	for _, opt := range opts {
		opt(&o)
	}
	config.SetDefaults()
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	directory, err := newDirectory(config.Accounts)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	memory, err := memoryLimit(config.MemoryLimit)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration: memoryLimit: %w", err)
	}
	stall, err := time.ParseDuration(config.S3.StallTimeout)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration: s3.stallTimeout: %w", err)
	}
	storage, err := store.Open(store.Options{
		Dir: config.DataDir, Memory: memory, RegionalNames: config.BucketNames == RegionalBucketNames, Now: o.now,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the simulator's storage: %w", err)
	}
	if err := createBuckets(storage, config.Accounts); err != nil {
		return nil, errors.Join(err, storage.Close())
	}
	front := s3.NewServer(s3.Options{
		Store: storage, Accounts: directory, Regions: config.Regions, Domains: config.S3.Domains, StallTimeout: stall, Now: o.now,
	})
	return &Simulator{accounts: directory, store: storage, s3: front}, nil
}

func newDirectory(configured []AccountConfig) (*accounts.Directory, error) {
	directory := accounts.NewDirectory()
	for _, account := range configured {
		if err := directory.AddAccount(accounts.Account{ID: account.ID, Name: account.Name}); err != nil {
			return nil, err
		}
		for _, key := range account.AccessKeys {
			if err := directory.AddKey(account.ID, key.ID, key.Secret); err != nil {
				return nil, err
			}
		}
	}
	return directory, nil
}

func createBuckets(storage *store.Store, configured []AccountConfig) error {
	for _, account := range configured {
		for _, bucket := range account.Buckets {
			existing, err := storage.CreateBucket(bucket.Name, bucket.Region, account.ID, store.Settings{})
			if errors.Is(err, store.ErrBucketExists) {
				info := existing.Info()
				if info.Account == account.ID && info.Region == bucket.Region {
					continue
				}
				return fmt.Errorf("bucket %s of account %s in %s: the name is taken by account %s in %s",
					bucket.Name, account.ID, bucket.Region, info.Account, info.Region)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Accounts returns the accounts and access keys, to add, remove or rotate keys while the simulator runs.
func (s *Simulator) Accounts() *accounts.Directory { return s.accounts }

// Handler serves S3, for a server of the caller's own such as httptest's.
func (s *Simulator) Handler() http.Handler { return s.s3 }

// Serve serves S3 on the listener until the context is done, then lets the requests under way come to their end for a
// moment. It closes the listener, and returns nil when it was the context that ended it.
func (s *Simulator) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s.s3, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving S3 on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(fmt.Errorf("stopping S3 on %s: %w", listener.Addr(), err), server.Close())
	}
	return nil
}

// Close releases the data directory. What was answered before is kept there.
func (s *Simulator) Close() error {
	if err := s.store.Close(); err != nil {
		return fmt.Errorf("closing the simulator's storage: %w", err)
	}
	return nil
}
