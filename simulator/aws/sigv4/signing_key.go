package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// signingKey makes the signatures of one day, region, service and secret.
type signingKey struct {
	key []byte
	// macs are those that were used before, whose key is hashed and whose memory is there already.
	macs sync.Pool
}

type mac struct {
	hash.Hash
	text, sum []byte
}

// matches says in constant time whether a signature is the key's of what the function adds to a text.
func (k *signingKey) matches(signature string, appendText func([]byte) []byte) bool {
	m, again := k.macs.Get().(*mac)
	if !again {
		m = &mac{Hash: hmac.New(sha256.New, k.key)}
	}
	defer k.macs.Put(m)
	m.Reset()
	m.text = appendText(m.text[:0])
	m.Write(m.text)
	m.sum = m.Sum(m.sum[:0])
	m.text = hex.AppendEncode(m.text[:0], m.sum)
	m.sum = append(m.sum[:0], signature...)
	return hmac.Equal(m.sum, m.text)
}

// signingKeys holds keys that were derived, of which each is good for a day: four of a request's five HMACs.
var signingKeys = struct {
	sync.RWMutex
	derived map[signingScope]*signingKey
}{derived: map[signingScope]*signingKey{}}

// signingScope is what a signing key is derived from.
type signingScope struct{ secret, date, region, service string }

// maxSigningKeys bounds what is held: dates and regions are the clients' to choose.
const maxSigningKeys = 1000

func (a *Authorization) signingKey(secret string) *signingKey {
	scope := signingScope{secret, a.Date, a.Region, a.service()}
	signingKeys.RLock()
	key, found := signingKeys.derived[scope]
	signingKeys.RUnlock()
	if found {
		return key
	}
	key = &signingKey{key: []byte("AWS4" + secret)}
	for _, part := range []string{scope.date, scope.region, scope.service, termination} {
		next := hmac.New(sha256.New, key.key)
		next.Write([]byte(part))
		key.key = next.Sum(nil)
	}
	signingKeys.Lock()
	defer signingKeys.Unlock()
	if len(signingKeys.derived) >= maxSigningKeys {
		clear(signingKeys.derived)
	}
	signingKeys.derived[scope] = key
	return key
}
