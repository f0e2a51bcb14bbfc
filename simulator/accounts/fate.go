package accounts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

const fatesTable = "keys"

// fate is what became of an access key since it was configured, as it is kept.
type fate struct {
	// Configured is the digest of what the configuration said of the key; empty: it did not know the key.
	Configured string `json:"configured,omitempty"`
	// Key is what the key is now; nil: it is gone.
	Key *record `json:"key,omitempty"`
	// Successor is the id of the key that took its place, by as many rotations as there were.
	Successor string `json:"successor,omitempty"`
}

// record is an access key as it is kept.
type record struct {
	Account      string        `json:"account"`
	Secret       string        `json:"secret"`
	SessionToken string        `json:"sessionToken,omitempty"`
	Expires      time.Time     `json:"expires,omitzero"`
	Active       bool          `json:"active"`
	Policy       policy.Policy `json:"policy,omitempty"`
}

func newRecord(key Key) *record {
	return &record{key.Account.ID, key.Secret, key.SessionToken, key.Expires, key.Active, key.Policy}
}

// digest of what is configured of a key, apart from its policy; empty if it is not configured.
func (d *Directory) digest(id string) string {
	key, found := d.configured[id]
	if !found {
		return ""
	}
	key.Policy = nil
	data, _ := json.Marshal(newRecord(key)) // texts and a time, which fail in no year that YAML has
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Keep keeps in a file what becomes of access keys from now on, and brings back what became of them before: they were added, disabled,
// rotated or removed. What became of a key is forgotten once it is configured with other credentials, or not at all.
func (d *Directory) Keep(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	file, err := records.Open(path)
	if err != nil {
		return fmt.Errorf("access keys: %w", err)
	}
	fates, err := records.Load[fate](file, fatesTable)
	if err != nil {
		return errors.Join(fmt.Errorf("access keys: %w", err), file.Close())
	}
	d.file, d.fates = file, fates
	if err := d.forget(func(id string, f fate) bool { return f.Configured != d.digest(id) }); err != nil {
		return err
	}
	d.restore()
	return nil
}

// restore makes of the configured keys what became of them.
func (d *Directory) restore() {
	for id, f := range d.fates.Items() {
		if key, there := d.restored(id, f); there {
			d.keys[id] = key
		} else {
			delete(d.keys, id)
		}
	}
}

// restored returns what became of a key. The policy of one that is configured is what is configured now. There is no key of an account
// that is gone.
func (d *Directory) restored(id string, f fate) (Key, bool) {
	if f.Key == nil {
		return Key{}, false
	}
	if key, found := d.configured[id]; found {
		key.Active = f.Key.Active
		return key, true
	}
	account, found := d.accounts[f.Key.Account]
	return Key{
		ID: id, Secret: f.Key.Secret, SessionToken: f.Key.SessionToken, Expires: f.Key.Expires, Active: f.Key.Active, Account: account, Policy: f.Key.Policy,
	}, found
}

// Close closes the file.
func (d *Directory) Close() error { return d.file.Close() }

// change is what becomes of a key.
type change struct {
	id        string
	now       *Key   // nil: it is gone
	successor string // of one that is gone
}

// change makes changes of keys, all or none: in the file first, unless they are those of sessions, which end with the simulator.
func (d *Directory) change(changes ...change) error {
	var kept []records.Change
	for _, c := range changes {
		if d.keys[c.id].issued || c.now != nil && c.now.issued {
			continue
		}
		kept = append(kept, d.fate(c)...)
	}
	if err := d.file.Write(kept...); err != nil {
		return err
	}
	for _, c := range changes {
		if c.now == nil {
			delete(d.keys, c.id)
		} else {
			d.keys[c.id] = *c.now
		}
	}
	return nil
}

// fate returns how a change is kept. Of a key that is gone and was not configured nothing is, but that its successor is that of all
// whose place it took.
func (d *Directory) fate(c change) []records.Change {
	f := fate{Configured: d.digest(c.id), Successor: c.successor}
	if c.now != nil {
		f.Key = newRecord(*c.now)
		return []records.Change{d.fates.Put(c.id, f)}
	}
	var kept []records.Change
	for id, before := range d.fates.Items() {
		if before.Successor == c.id {
			before.Successor = c.successor
			kept = append(kept, d.fates.Put(id, before))
		}
	}
	if f.Configured == "" {
		return append(kept, d.fates.Delete(c.id))
	}
	return append(kept, d.fates.Put(c.id, f))
}

// forget forgets what became of some keys.
func (d *Directory) forget(which func(id string, f fate) bool) error {
	var forgotten []records.Change
	for id, f := range d.fates.Items() {
		if which(id, f) {
			forgotten = append(forgotten, d.fates.Delete(id))
		}
	}
	return d.file.Write(forgotten...)
}

// Current returns the key that is now what the configured key of an id was: that one or, when it was rotated, its successor.
func (d *Directory) Current(id string) (Key, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if f, found := d.fates.Get(id); found && f.Successor != "" {
		id = f.Successor
	}
	key, found := d.keys[id]
	return key, found
}
