// Package accounts keeps the cloud accounts of a simulator, their roles, and the access keys that act for them.
package accounts

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/internal/records"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// What a directory refuses. Callers compare with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("it exists")
)

// Account is one owner of storage, as an AWS account is: what one account creates, another may not touch.
type Account struct {
	// ID is the account's number, 12 digits as AWS writes it.
	ID string
	// Name is what people call the account; its keys' ARN holds it.
	Name string
	// Policy holds for all keys of the account.
	Policy policy.Policy
}

// CanonicalID returns the 64 hex digits by which S3 names an owner in listings. It is the same in every run for the same
// account id, and does not reveal the id, as S3's canonical user id does not.
func (a Account) CanonicalID() string {
	sum := sha256.Sum256([]byte("canonical-user:" + a.ID))
	return hex.EncodeToString(sum[:])
}

// Key is an access key. It prints without its secret, so that it is safe in a log line or an error.
type Key struct {
	ID     string
	Secret string
	// SessionToken comes with every request of a temporary key, as STS hands them out; empty for a permanent key.
	SessionToken string
	// Expires is when a temporary key ends; zero for never.
	Expires time.Time
	// Active is false for a key that is disabled: requests signed with it are refused as though it were not there.
	Active  bool
	Account Account
	// Policy is what the key may do, together with its account's policy. A key that neither speaks of may do everything
	// in its account.
	Policy policy.Policy
	// Role and Session are the names of those that the key was handed out for; empty for the key of a user.
	Role, Session string
	// Limit is what the key may do at most, whatever its policies allow. Empty: all of that.
	Limit policy.Policy

	issued bool // while the simulator runs
}

// Permits says whether the key may make a call on a resource of the account owner, whose own policy is given.
func (k Key) Permits(c call.Call, owner string, resource policy.Policy) bool {
	return (len(k.Limit) == 0 || k.Limit.Decide(c) == policy.Allowed) && policy.Permits(c, k.Identity(), owner, resource)
}

// Identity returns what the key may do by its own policy and its account's.
func (k Key) Identity() policy.Policy {
	if len(k.Account.Policy) == 0 {
		return k.Policy
	}
	return slices.Concat(k.Account.Policy, k.Policy)
}

// Expired says whether the key has expired at a time.
func (k Key) Expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// ARN names whom the key acts for: a session of a role, a user with the account's name, or the root of an account without one.
func (k Key) ARN() string {
	if k.Role != "" {
		return "arn:aws:sts::" + k.Account.ID + ":assumed-role/" + k.Role + "/" + k.Session
	}
	if k.Account.Name == "" {
		return "arn:aws:iam::" + k.Account.ID + ":root"
	}
	return "arn:aws:iam::" + k.Account.ID + ":user/" + k.Account.Name
}

// PrincipalARN names whom policies know the key's requests to come from: of a session that is its role.
func (k Key) PrincipalARN() string {
	if k.Role != "" {
		return "arn:aws:iam::" + k.Account.ID + ":role/" + k.Role
	}
	return k.ARN()
}

// String names the key without its secret.
func (k Key) String() string { return "access key " + k.ID + " of account " + k.Account.ID }

// GoString keeps the secret out of %#v as well.
func (k Key) GoString() string { return k.String() }

// Directory finds the access key behind a request. It is safe for concurrent use: keys can be added and removed while
// requests are served, which is what a rotation does.
type Directory struct {
	mu       sync.RWMutex
	accounts map[string]Account
	keys     map[string]Key
	roles    map[string]Role // by ARN

	configured map[string]Key
	file       *records.File // nil: what becomes of keys is not kept
	fates      *records.Table[fate]
}

// NewDirectory returns an empty directory.
func NewDirectory() *Directory {
	fates, _ := records.Load[fate](nil, fatesTable) // fails only for a file
	return &Directory{accounts: map[string]Account{}, keys: map[string]Key{}, roles: map[string]Role{}, configured: map[string]Key{}, fates: fates}
}

// AddAccount makes an account known; its keys are added one by one.
func (d *Directory) AddAccount(account Account) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, found := d.accounts[account.ID]; found {
		return fmt.Errorf("account %s is there already: %w", account.ID, ErrExists)
	}
	d.accounts[account.ID] = account
	return nil
}

// AddKey gives an account one more access key, active and without expiry. Key ids are unique across accounts, as at AWS:
// the id alone says who asks.
func (d *Directory) AddKey(accountID, id, secret string) error {
	return d.Add(accountID, Key{ID: id, Secret: secret, Active: true})
}

// Add is AddKey for a key with a session token, an expiry or a policy. The key's Account is that of accountID.
func (d *Directory) Add(accountID string, key Key) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	account, found := d.accounts[accountID]
	if !found {
		return fmt.Errorf("adding access key %s: there is no account %s: %w", key.ID, accountID, ErrNotFound)
	}
	if existing, found := d.keys[key.ID]; found {
		return fmt.Errorf("access key %s belongs to account %s already: %w", key.ID, existing.Account.ID, ErrExists)
	}
	key.Account = account
	return d.change(change{id: key.ID, now: &key})
}

// SetActive enables or disables an access key.
func (d *Directory) SetActive(id string, active bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, found := d.keys[id]
	if !found {
		return fmt.Errorf("access key %s: %w", id, ErrNotFound)
	}
	key.Active = active
	return d.change(change{id: id, now: &key})
}

// Rotate replaces an access key by a new one that may do the same, and returns the new one. Requests that are signed
// with the old one are refused from now on.
func (d *Directory) Rotate(id string) (Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, found := d.keys[id]
	if !found {
		return Key{}, fmt.Errorf("rotating access key %s: %w", id, ErrNotFound)
	}
	fresh := NewKey()
	key.ID, key.Secret, key.Active = fresh.ID, fresh.Secret, true
	if key.SessionToken != "" {
		key.SessionToken = rand.Text()
	}
	return key, d.change(change{id: id, successor: key.ID}, change{id: key.ID, now: &key})
}

// NewKey makes an active access key with an id and a secret that nobody can guess, in the form of AWS's.
func NewKey() Key {
	secret := make([]byte, 30)
	_, _ = rand.Read(secret) // never fails, see crypto/rand
	return Key{ID: "AKIA" + rand.Text()[:16], Secret: base64.StdEncoding.EncodeToString(secret), Active: true}
}

// RemoveKey forgets an access key; requests signed with it are refused from now on.
func (d *Directory) RemoveKey(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, found := d.keys[id]; !found {
		return fmt.Errorf("access key %s: %w", id, ErrNotFound)
	}
	return d.change(change{id: id})
}

// Key looks an active access key up by its id.
func (d *Directory) Key(id string) (Key, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	key, found := d.keys[id]
	if !found || !key.Active {
		return Key{}, false
	}
	return key, true
}

// Keys returns all access keys, also disabled ones, by account and id.
func (d *Directory) Keys() []Key {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.SortedFunc(maps.Values(d.keys), func(x, y Key) int {
		return cmp.Or(cmp.Compare(x.Account.ID, y.Account.ID), cmp.Compare(x.ID, y.ID))
	})
}

// Replace makes this directory hold what another one holds, and forgets what became of keys since.
func (d *Directory) Replace(by *Directory) error {
	by.mu.RLock()
	defer by.mu.RUnlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.forget(func(string, fate) bool { return true }); err != nil {
		return err
	}
	d.accounts, d.keys, d.roles = maps.Clone(by.accounts), maps.Clone(by.keys), maps.Clone(by.roles)
	d.configured = maps.Clone(by.keys)
	return nil
}

// Accounts returns all accounts, by id.
func (d *Directory) Accounts() []Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.SortedFunc(maps.Values(d.accounts), func(x, y Account) int { return cmp.Compare(x.ID, y.ID) })
}

// Account looks an account up by its id.
func (d *Directory) Account(id string) (Account, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	account, found := d.accounts[id]
	return account, found
}

// HasCanonicalID says whether an id is the canonical one of an account.
func (d *Directory) HasCanonicalID(id string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, account := range d.accounts {
		if account.CanonicalID() == id {
			return true
		}
	}
	return false
}
