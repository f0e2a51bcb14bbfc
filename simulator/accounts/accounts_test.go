package accounts

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/policy"
)

func TestDirectory(t *testing.T) {
	d := NewDirectory()
	if err := d.AddKey("111111111111", "AKIA1", "s"); err == nil {
		t.Error("a key of an account that is not there was accepted")
	}
	for _, id := range []string{"111111111111", "222222222222"} {
		if err := d.AddAccount(Account{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddAccount(Account{ID: "111111111111"}); err == nil {
		t.Error("an account was accepted twice")
	}
	if err := d.AddKey("111111111111", "AKIA1", "first"); err != nil {
		t.Fatal(err)
	}
	if err := d.AddKey("222222222222", "AKIA1", "second"); err == nil {
		t.Error("one key id was accepted for two accounts")
	}
	if key, found := d.Key("AKIA1"); !found || key.Account.ID != "111111111111" || key.Secret != "first" {
		t.Errorf("Key = %v, %v", key, found)
	}
	if err := d.RemoveKey("AKIA1"); err != nil {
		t.Error(err)
	}
	if err := d.RemoveKey("AKIA1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
	if _, found := d.Key("AKIA1"); found {
		t.Error("a removed key is still found")
	}
}

func TestKeyPrintsWithoutSecret(t *testing.T) {
	key := Key{ID: "AKIA1", Secret: "topsecret", Account: Account{ID: "111111111111"}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(format, key); strings.Contains(out, "topsecret") {
			t.Errorf("%s prints the secret: %s", format, out)
		}
	}
}

func TestKeysWhileRunning(t *testing.T) {
	d := NewDirectory()
	allow := policy.Policy{{Effect: policy.Allow, Actions: []string{"s3:*"}}}
	deny := policy.Policy{{Effect: policy.Deny, Actions: []string{"s3:DeleteObject"}}}
	if err := d.AddAccount(Account{ID: "111111111111", Policy: deny}); err != nil {
		t.Fatal(err)
	}
	if err := d.Add("111111111111", Key{ID: "A", Secret: "s", Active: true, Policy: allow}); err != nil {
		t.Fatal(err)
	}
	if key, _ := d.Key("A"); len(key.Identity()) != 2 {
		t.Errorf("the key's policy and its account's: %v", key.Identity())
	}
	if err := d.SetActive("A", false); err != nil {
		t.Fatal(err)
	}
	if _, found := d.Key("A"); found {
		t.Error("a disabled key is found")
	}
	if keys := d.Keys(); len(keys) != 1 || keys[0].Active {
		t.Errorf("Keys = %v", keys)
	}
	fresh, err := d.Rotate("A")
	if err != nil {
		t.Fatal(err)
	}
	got, found := d.Key(fresh.ID)
	if !found || got.Secret == "s" || got.Secret != fresh.Secret || len(got.Policy) != 1 || got.Account.ID != "111111111111" {
		t.Errorf("after the rotation: %v, %v", got, found)
	}
	if _, found := d.Key("A"); found {
		t.Error("the old key is still found")
	}
	if err := d.Add("111111111111", Key{ID: "T", Secret: "s", SessionToken: "token"}); err != nil {
		t.Fatal(err)
	}
	if temporary, err := d.Rotate("T"); err != nil || temporary.SessionToken == "" || temporary.SessionToken == "token" {
		t.Errorf("a temporary key was rotated to another token: %v, %v", temporary.SessionToken != "token", err)
	}
	_, err = d.Rotate("A")
	for _, err := range []error{err, d.SetActive("A", true), d.Add("333333333333", Key{ID: "B"})} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%v", err)
		}
	}
}

// TestPrincipal tells a session from its role, which policies are about.
func TestPrincipal(t *testing.T) {
	account := Account{ID: "111111111111", Name: "alice"}
	for _, test := range []struct {
		key            Key
		arn, principal string
	}{
		{Key{Account: account}, "arn:aws:iam::111111111111:user/alice", "arn:aws:iam::111111111111:user/alice"},
		{Key{Account: account, Role: "velero", Session: "s"}, "arn:aws:sts::111111111111:assumed-role/velero/s", "arn:aws:iam::111111111111:role/velero"},
	} {
		if arn, principal := test.key.ARN(), test.key.PrincipalARN(); arn != test.arn || principal != test.principal {
			t.Errorf("%s, %s, want %s, %s", arn, principal, test.arn, test.principal)
		}
	}
}
