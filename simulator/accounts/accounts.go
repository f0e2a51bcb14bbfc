// Package accounts keeps the cloud accounts of a simulator and the access keys that act for them.
package accounts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

// Account is one owner of storage, as an AWS account is: what one account creates, another may not touch.
type Account struct {
	// ID is the account's number, 12 digits as AWS writes it.
	ID string
	// Name is what people call the account; it is shown as the owner's display name.
	Name string
}

// CanonicalID returns the 64 hex digits by which S3 names an owner in listings. It is the same in every run for the same
// account id, and does not reveal the id, as S3's canonical user id does not.
func (a Account) CanonicalID() string {
	sum := sha256.Sum256([]byte("canonical-user:" + a.ID))
	return hex.EncodeToString(sum[:])
}

// Key is an access key. It prints without its secret, so that it is safe in a log line or an error.
type Key struct {
	ID      string
	Secret  string
	Account Account
	// Token is the session token that requests with a temporary key carry; empty for a permanent key.
	Token string
	// Expires is when a temporary key ends; zero for never.
	Expires time.Time
	// Inactive: the key is there, but not to be used.
	Inactive bool
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
}

// NewDirectory returns an empty directory.
func NewDirectory() *Directory {
	return &Directory{accounts: map[string]Account{}, keys: map[string]Key{}}
}

// AddAccount makes an account known; its keys are added one by one.
func (d *Directory) AddAccount(account Account) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, found := d.accounts[account.ID]; found {
		return fmt.Errorf("account %s is there already", account.ID)
	}
	d.accounts[account.ID] = account
	return nil
}

// AddKey gives an account one more access key. Key ids are unique across accounts, as at AWS: the id alone says who asks.
func (d *Directory) AddKey(accountID, id, secret string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	account, found := d.accounts[accountID]
	if !found {
		return fmt.Errorf("adding access key %s: there is no account %s", id, accountID)
	}
	if key, found := d.keys[id]; found {
		return fmt.Errorf("access key %s belongs to account %s already", id, key.Account.ID)
	}
	d.keys[id] = Key{ID: id, Secret: secret, Account: account}
	return nil
}

// AddSession gives an account temporary credentials: a key that is good with its token only, up to a time.
func (d *Directory) AddSession(accountID, id, secret, token string, expires time.Time) error {
	if err := d.AddKey(accountID, id, secret); err != nil {
		return err
	}
	d.change(id, func(k *Key) { k.Token, k.Expires = token, expires })
	return nil
}

// SetActive disables an access key, or enables it again, and says whether the key is there.
func (d *Directory) SetActive(id string, active bool) bool {
	return d.change(id, func(k *Key) { k.Inactive = !active })
}

func (d *Directory) change(id string, change func(*Key)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, found := d.keys[id]
	if found {
		change(&key)
		d.keys[id] = key
	}
	return found
}

// RemoveKey forgets an access key; requests signed with it are refused from now on. It says whether the key was there.
func (d *Directory) RemoveKey(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, found := d.keys[id]
	delete(d.keys, id)
	return found
}

// Key looks an access key up by its id.
func (d *Directory) Key(id string) (Key, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	key, found := d.keys[id]
	return key, found
}

// Account looks an account up by its id.
func (d *Directory) Account(id string) (Account, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	account, found := d.accounts[id]
	return account, found
}
