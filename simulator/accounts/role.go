package accounts

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// Role is what others than an account's users can act as, for a time.
type Role struct {
	Account Account
	Name    string
	// Trust says who may; without a statement nobody.
	Trust []Trust
	// Policy is what the role may do, together with its account's policy. A role that neither speaks of may do everything
	// in its account.
	Policy policy.Policy
	// MaxSession is how long a session may last.
	MaxSession time.Duration
}

// Trust is one statement of who may act as a role. Of Principals, Services and Issuer it has one.
type Trust struct {
	// Principals are ids of accounts, which stand for all that is in them, and ARNs of users, roles and sessions.
	Principals []string
	// ExternalID is what principals must name; empty asks for none.
	ExternalID string
	// Services of the cloud hand the role's keys to what runs on them, such as ec2.amazonaws.com.
	Services []string
	// Issuer of tokens, whose subject and audience must be among these patterns.
	Issuer              string
	Subjects, Audiences []string
}

// ARN names the role.
func (r Role) ARN() string { return "arn:aws:iam::" + r.Account.ID + ":role/" + r.Name }

// TrustsKey says whether the holder of a key may act as the role, given the external id that was sent.
func (r Role) TrustsKey(key Key, externalID string) bool {
	return slices.ContainsFunc(r.Trust, func(t Trust) bool {
		return len(t.Principals) > 0 && (t.ExternalID == "" || t.ExternalID == externalID) && slices.ContainsFunc(key.principals(), func(name string) bool {
			return call.MatchesAny(t.Principals, name)
		})
	})
}

// TrustsService says whether a service may hand out the role's keys.
func (r Role) TrustsService(name string) bool {
	return slices.ContainsFunc(r.Trust, func(t Trust) bool { return slices.Contains(t.Services, name) })
}

// TrustsToken says whether the bearer of a token that is good may act as the role.
func (r Role) TrustsToken(issuer, subject, audience string) bool {
	return slices.ContainsFunc(r.Trust, func(t Trust) bool {
		return t.Issuer != "" && t.Issuer == issuer && call.MatchesAny(t.Subjects, subject) && call.MatchesAny(t.Audiences, audience)
	})
}

// principals are the names by which a trust can mean the holder of the key.
func (k Key) principals() []string {
	names := []string{k.Account.ID, "arn:aws:iam::" + k.Account.ID + ":root", k.ARN()}
	if k.Role != "" {
		names = append(names, Role{Account: k.Account, Name: k.Role}.ARN())
	}
	return names
}

// Begin begins a session of the role, with a temporary key that ends at a time.
func (r Role) Begin(session string, limit policy.Policy, expires time.Time) Key {
	key := newSession(expires)
	key.Account, key.Policy, key.Role, key.Session, key.Limit = r.Account, r.Policy, r.Name, session, limit
	return key
}

// BeginSession begins a session of the user who has a key: a temporary key that may do the same until a time.
func (k Key) BeginSession(expires time.Time) Key {
	key := newSession(expires)
	key.Account, key.Policy = k.Account, k.Policy
	return key
}

func newSession(expires time.Time) Key {
	key := NewKey()
	key.ID = "ASIA" + rand.Text()[:16]
	key.SessionToken, key.Expires = rand.Text()+rand.Text(), expires
	return key
}

// AddRole gives an account a role.
func (d *Directory) AddRole(accountID string, role Role) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	account, found := d.accounts[accountID]
	if !found {
		return fmt.Errorf("adding role %s: there is no account %s: %w", role.Name, accountID, ErrNotFound)
	}
	role.Account = account
	if _, found := d.roles[role.ARN()]; found {
		return fmt.Errorf("role %s: %w", role.ARN(), ErrExists)
	}
	d.roles[role.ARN()] = role
	return nil
}

// Role looks a role up by its ARN.
func (d *Directory) Role(arn string) (Role, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	role, found := d.roles[arn]
	return role, found
}

// forgotten is for how long the key of a session that has ended is known, and so refused as expired.
const forgotten = 24 * time.Hour

// AddSession adds the key of a session that begins now, and forgets those that ended long ago.
func (d *Directory) AddSession(key Key, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.keys, func(_ string, old Key) bool { return old.issued && old.Expired(now.Add(-forgotten)) })
	key.issued = true
	d.keys[key.ID] = key
}
