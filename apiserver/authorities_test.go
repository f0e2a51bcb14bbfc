package apiserver

import (
	"testing"
	"time"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// content of authorities that changes.
type content struct {
	dynamiccertificates.CAContentProvider
	pem string
}

func (c *content) CurrentCABundleContent() []byte { return []byte(c.pem) }

func TestAuthorities(t *testing.T) {
	now := time.Now()
	proxy := &content{}
	a := &authorities{ofProxy: proxy, now: func() time.Time { return now }}
	for _, step := range []struct {
		name  string
		after time.Duration
		pem   string
		ready bool
	}{
		{"not read", time.Minute, "", false},
		{"read", 0, "pem", false},
		{"settling", authoritiesSettle / 2, "pem", false},
		{"settled", authoritiesSettle, "pem", true},
		{"as it was", time.Hour, "pem", true},
	} {
		now, proxy.pem = now.Add(step.after), step.pem
		if err := a.Check(nil); (err == nil) != step.ready {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}
