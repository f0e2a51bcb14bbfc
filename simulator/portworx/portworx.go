// Package portworx simulates volumes that are spread over the nodes of a cluster, with snapshots that stay on the node of
// their volume, or go to object storage with credentials that were set up in the cluster. It is a simulation of these
// constraints, not of Portworx's protocol: clients speak the simulator's own JSON API. A volume has one replica.
package portworx

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/internal/content"
	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// Options of a store.
type Options struct {
	// Path is the file for the state; empty keeps everything in memory.
	Path string
	// Clusters are those of accounts, by the accounts' ids. Their names are unique in all accounts.
	Clusters map[string][]Cluster
	// UsableKey says whether an access key is one that object storage accepts; with a secret, that it is the key's.
	UsableKey func(id string, secret *string) bool
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Store holds the volumes, snapshots and credentials of all clusters. What it returns never changes, and must not be
// changed. It is safe for concurrent use.
type Store struct {
	options Options
	file    *records.File

	mu          sync.RWMutex
	volumes     *records.Table[*Volume]
	snapshots   *records.Table[*Snapshot]
	credentials *records.Table[*Credential] // by cluster/name
	failed      *records.Table[time.Time]   // nodes that have failed, by cluster/name
}

// Open opens the store, loads what is there, and creates the volumes that the clusters have from the start. A file that
// another store has open is an error.
func Open(options Options) (*Store, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Store{options: options}
	var err error
	if s.file, err = records.Open(options.Path); err == nil {
		err = s.load()
	}
	if err == nil {
		err = s.seed()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("volumes and snapshots of Portworx: %w", err), s.file.Close())
	}
	return s, nil
}

func (s *Store) load() error {
	var problems [4]error
	s.volumes, problems[0] = records.Load[*Volume](s.file, "volumes")
	s.snapshots, problems[1] = records.Load[*Snapshot](s.file, "snapshots")
	s.credentials, problems[2] = records.Load[*Credential](s.file, "credentials")
	s.failed, problems[3] = records.Load[time.Time](s.file, "failedNodes")
	return errors.Join(problems[:]...)
}

// Reset takes everything back to the nodes and volumes that the clusters have from the start.
func (s *Store) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.file.Write(slices.Concat(s.volumes.Clear(), s.snapshots.Clear(), s.credentials.Clear(), s.failed.Clear())...)
	if err == nil {
		err = s.seed()
	}
	if err != nil {
		return fmt.Errorf("volumes and snapshots of Portworx: %w", err)
	}
	return nil
}

// seed creates the volumes of the configuration where they are not there, but for those of nodes that have failed.
func (s *Store) seed() error {
	for account, clusters := range s.options.Clusters {
		for _, cluster := range clusters {
			for _, configured := range cluster.Volumes {
				if _, found := s.volumes.Get(configured.ID); found || s.hasFailed(cluster.Name, configured.Node) {
					continue
				}
				volume := &Volume{
					VolumeInfo: VolumeInfo{
						ID: configured.ID, Name: cmp.Or(configured.Name, configured.ID), Node: configured.Node, Size: configured.Size,
						Labels: configured.Labels, Created: s.options.Now().UTC(),
					},
					Account: account, Cluster: cluster.Name, Content: content.Of([]byte(configured.Data)),
				}
				if err := s.file.Write(s.volumes.Put(volume.ID, volume)); err != nil {
					return fmt.Errorf("creating volume %s: %w", configured.ID, err)
				}
			}
		}
	}
	return nil
}

// Close releases the file. What was answered before is kept there. A nil store has nothing to close.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Close()
}

// cluster finds a cluster of an account.
func (s *Store) cluster(account, name string) (Cluster, error) {
	clusters := s.options.Clusters[account]
	i := slices.IndexFunc(clusters, func(c Cluster) bool { return c.Name == name })
	if i < 0 {
		return Cluster{}, clouds.Refuse(http.StatusNotFound, "ClusterNotFound", "There is no cluster %q.", name)
	}
	return clusters[i], nil
}

// NewID makes up an id in the form of Portworx's: a number of 18 digits.
func NewID() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(9e17)) // never fails
	return n.Add(n, big.NewInt(1e17)).String()
}
