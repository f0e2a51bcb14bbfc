package accounts

import (
	"fmt"
	"strings"
	"testing"
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
	if !d.RemoveKey("AKIA1") || d.RemoveKey("AKIA1") {
		t.Error("RemoveKey should say whether the key was there")
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
