// Package azure simulates managed disks and their snapshots: subscriptions, resource groups and locations, and what is
// refused across them. It is a simulation of these constraints, not of the protocol of Azure's Resource Manager: clients
// speak the simulator's own JSON API, whose paths end in the resource ids of Azure. Codes and texts of refusals are
// Azure's where it documents them.
package azure

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// Options of a store.
type Options struct {
	// Path is the file for the state; empty keeps everything in memory.
	Path string
	// Locations are those that exist.
	Locations []string
	// Tenants are those of accounts, by their ids.
	Tenants map[string]Tenant
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Store holds the disks and snapshots of all tenants, with the rules that Azure has for them. What it returns never
// changes, and must not be changed. It is safe for concurrent use.
type Store struct {
	options Options
	file    *records.File

	mu sync.RWMutex
	// Resources by the keys of their ids.
	disks     *records.Table[*Disk]
	snapshots *records.Table[*Snapshot]
}

// Open opens the store, loads what is there, and creates the disks that the tenants have from the start. A file that
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
	if err != nil {
		return nil, errors.Join(fmt.Errorf("disks and snapshots of Azure: %w", err), s.file.Close())
	}
	return s, nil
}

func (s *Store) load() (err error) {
	if s.disks, err = records.Load[*Disk](s.file, "disks"); err != nil {
		return err
	}
	if s.snapshots, err = records.Load[*Snapshot](s.file, "snapshots"); err != nil {
		return err
	}
	return s.create()
}

// Reset takes everything back to the disks that the tenants have from the start.
func (s *Store) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.file.Write(slices.Concat(s.disks.Clear(), s.snapshots.Clear())...)
	if err == nil {
		err = s.create()
	}
	if err != nil {
		return fmt.Errorf("disks and snapshots of Azure: %w", err)
	}
	return nil
}

// create creates the disks of the configuration.
func (s *Store) create() error {
	for account, tenant := range s.options.Tenants {
		for id, configured := range tenant.disks() {
			if err := s.seed(account, id, configured); err != nil {
				return fmt.Errorf("creating disk %s: %w", id, err)
			}
		}
	}
	return nil
}

// seed creates a disk of the configuration where it is not there.
func (s *Store) seed(account string, id ID, configured DiskConfig) error {
	if existing, found := s.disks.Get(id.key()); found {
		if existing.Account != account {
			return fmt.Errorf("account %s has a disk of that id", existing.Account)
		}
		return nil
	}
	disk := &Disk{
		DiskInfo: DiskInfo{
			ID: id.String(), Location: configured.Location, Zone: configured.Zone, SKU: configured.SKU, Size: configured.Size,
			Tags: configured.Tags, Created: s.options.Now().UTC(),
		},
		Account: account, Content: content.Of([]byte(configured.Data)),
	}
	return s.keepDisk(disk)
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

// group finds a resource group of an account's tenant. What it returns has the subscription and the group of the id as
// they are configured.
func (s *Store) group(account string, id ID) (ID, ResourceGroup, error) {
	tenant := s.options.Tenants[account]
	subscription, found := tenant.subscription(id.Subscription)
	if !found {
		return id, ResourceGroup{}, notFound("SubscriptionNotFound", "The subscription '%s' could not be found.", id.Subscription)
	}
	id.Subscription = subscription.ID
	group, found := subscription.group(id.ResourceGroup)
	if !found {
		return id, group, notFound("ResourceGroupNotFound", "Resource group '%s' could not be found.", id.ResourceGroup)
	}
	id.ResourceGroup = group.Name
	return id, group, nil
}
