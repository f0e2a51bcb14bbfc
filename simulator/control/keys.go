package control

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

// KeyList is all access keys.
type KeyList struct {
	Keys []KeyInfo `json:"keys" doc:"The access keys, by account and id."`
}

// KeyInfo is an access key without what it signs with.
type KeyInfo struct {
	ID        string        `json:"id" doc:"Id of the access key."`
	Account   string        `json:"account" doc:"Id of its account."`
	Active    bool          `json:"active" doc:"Whether requests are accepted."`
	Temporary bool          `json:"temporary,omitempty" doc:"Whether requests need a session token."`
	Expires   time.Time     `json:"expires,omitzero" doc:"When the key ends."`
	Policy    policy.Policy `json:"policy,omitempty" doc:"What the key may do; left out: what its account's policy says, or everything."`
}

// NewKey asks for an access key.
type NewKey struct {
	Account      string        `json:"account" doc:"Id of the account."`
	ID           string        `json:"id,omitempty" doc:"Id; left out: made up."`
	Secret       string        `json:"secret,omitempty" doc:"Secret; left out: made up."`
	SessionToken string        `json:"sessionToken,omitempty" doc:"Token of a temporary key."`
	Expires      time.Time     `json:"expires,omitzero" doc:"When the key ends; left out: never."`
	Policy       policy.Policy `json:"policy,omitempty" doc:"What the key may do."`
}

// IssuedKey is an access key with what it signs with. It is answered once, to whom it was made for.
type IssuedKey struct {
	Account      string `json:"account" doc:"Id of the account."`
	ID           string `json:"id" doc:"Id of the access key."`
	Secret       string `json:"secret" doc:"Its secret."`
	SessionToken string `json:"sessionToken,omitempty" doc:"Its session token."`
}

// KeyChange changes an access key.
type KeyChange struct {
	Active *bool `json:"active" doc:"Whether requests are accepted."`
}

func describeKey(key accounts.Key) KeyInfo {
	return KeyInfo{key.ID, key.Account.ID, key.Active, key.SessionToken != "", key.Expires, key.Policy}
}

func issued(account string, key accounts.Key) IssuedKey {
	return IssuedKey{account, key.ID, key.Secret, key.SessionToken}
}

func (s *server) listKeys(w http.ResponseWriter, _ *http.Request) error {
	list := KeyList{Keys: []KeyInfo{}}
	for _, key := range s.Accounts.Keys() {
		list.Keys = append(list.Keys, describeKey(key))
	}
	return writeJSON(w, http.StatusOK, list)
}

func (s *server) addKey(w http.ResponseWriter, r *http.Request) error {
	var wanted NewKey
	if err := readJSON(w, r, &wanted); err != nil {
		return err
	}
	if err := wanted.Policy.Validate("policy", false); err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	key := accounts.NewKey()
	key.ID, key.Secret = cmp.Or(wanted.ID, key.ID), cmp.Or(wanted.Secret, key.Secret)
	key.SessionToken, key.Expires, key.Policy = wanted.SessionToken, wanted.Expires, wanted.Policy
	if err := s.Accounts.Add(wanted.Account, key); err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, issued(wanted.Account, key))
}

func (s *server) changeKey(w http.ResponseWriter, r *http.Request) error {
	var change KeyChange
	if err := readJSON(w, r, &change); err != nil {
		return err
	}
	if change.Active == nil {
		return fmt.Errorf("%w: active: it is neither true nor false", errBadRequest)
	}
	id := r.PathValue("id")
	if err := s.Accounts.SetActive(id, *change.Active); err != nil {
		return err
	}
	keys := s.Accounts.Keys()
	i := slices.IndexFunc(keys, func(key accounts.Key) bool { return key.ID == id })
	if i < 0 {
		return fmt.Errorf("access key %s: %w", id, errNotFound)
	}
	return writeJSON(w, http.StatusOK, describeKey(keys[i]))
}

func (s *server) rotateKey(w http.ResponseWriter, r *http.Request) error {
	key, err := s.Accounts.Rotate(r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, issued(key.Account.ID, key))
}

func (s *server) removeKey(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.RemoveKey(r.PathValue("id")); err != nil {
		return err
	}
	return done(w)
}
