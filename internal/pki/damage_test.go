package pki

import (
	"bytes"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLoadDamaged shows that an authority that clients would refuse is refused when it is loaded, on one line that names the file.
func TestLoadDamaged(t *testing.T) {
	authority, other := newAuthority(t), newAuthority(t)
	changed := bytes.Clone(authority.CertPEM)
	block, _ := pem.Decode(changed)
	block.Bytes[len(block.Bytes)-1] ^= 1 // of the signature
	for name, tc := range map[string]struct {
		cert, key []byte
		want      string
	}{
		"empty":          {nil, nil, "it holds no certificate"},
		"no key":         {authority.CertPEM, nil, "reading the key"},
		"another's key":  {authority.CertPEM, other.KeyPEM, "its key is not that of its certificate"},
		"a flipped byte": {pem.EncodeToMemory(block), authority.KeyPEM, "its certificate is damaged"},
	} {
		path := filepath.Join(t.TempDir(), "ca.pem")
		if err := write(path, append(bytes.Clone(tc.cert), tc.key...)); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, "test", write)
		if err == nil || !strings.Contains(err.Error(), path+": "+tc.want) || !strings.HasSuffix(err.Error(), ": restore it, or remove it to have a new one made") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func newAuthority(t *testing.T) *Authority {
	t.Helper()
	authority, err := New("test")
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func TestValidity(t *testing.T) {
	authority := newAuthority(t)
	for after, want := range map[time.Duration]string{
		0: "", -time.Hour: "it is valid from ", authorityValidity + time.Hour: "it ended at ",
	} {
		err := authority.check(time.Now().Add(after))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("after %s: got %v, want %q", after, err, want)
		}
	}
}
