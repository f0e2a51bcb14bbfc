package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// The Secrets of the certificates controller.
const (
	ServingSecret   = program + "-serving"
	AuthoritySecret = program + "-authority"
)

// keepCertificates starts the controller that makes certificates, and has our servers' files follow what it makes. Nodes do so within a minute; here
// it is at once.
func (c *Cluster) keepCertificates(tb testing.TB) {
	tb.Helper()
	const name = program + "-certificates"
	c.serviceAccount(tb, name)
	health, _ := freeAddress(tb)
	c.certificates = &Replica{
		Name: name,
		launch: func(tb testing.TB) *process {
			tb.Helper()
			return c.start(tb, name, Tool(tb, program), "controller", "--controllers=certificates", "--kubeconfig", c.Path(name+".kubeconfig"),
				"--health-address", health, "--metrics-address", "0")
		},
		ready: func() error { return ready(http.DefaultClient, "http://"+health+"/readyz") },
	}
	c.certificates.Start(tb)

	secrets := c.Clientset(tb).CoreV1().Secrets(home)
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	tb.Cleanup(func() { cancel(); following.Wait() })
	var written []byte
	follow := func() bool {
		secret, err := secrets.Get(ctx, ServingSecret, metav1.GetOptions{})
		if err != nil {
			return false
		}
		if certificate := secret.Data[corev1.TLSCertKey]; !bytes.Equal(certificate, written) {
			c.write(tb, secret.Data[corev1.TLSPrivateKeyKey], "pki", program+".key")
			c.write(tb, certificate, "pki", program+".pem")
			written = certificate
		}
		return true
	}
	devtest.Poll(tb, patience, "the first certificate", follow)
	following.Go(func() {
		for ctx.Err() == nil {
			follow()
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
}

// Replace deletes a Secret of the certificates controller, which makes a new one, and waits until the servers show the certificate that
// comes of it.
func (c *Cluster) Replace(tb testing.TB, secret string, servers []*Replica) {
	tb.Helper()
	before := c.serving(tb)
	c.Kubectl(tb, "delete", "secret", secret, "-n", home)
	// It would look by itself within half a minute.
	c.certificates.Stop(tb)
	c.certificates.Start(tb)
	devtest.Poll(tb, patience, "another certificate", func() bool { return !bytes.Equal(c.serving(tb), before) })
	for _, server := range servers {
		devtest.Poll(tb, 2*time.Minute, server.Name+" to show it", func() bool { return bytes.Equal(shown(server), c.serving(tb)) })
	}
}

// serving is the certificate that the servers have a file of.
func (c *Cluster) serving(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile(c.Path("pki", program+".pem"))
	if err != nil {
		tb.Fatal(err)
	}
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes
	}
	return nil // it is being written
}

// shown is the certificate that a server shows: nothing, if it does not answer.
func shown(server *Replica) []byte {
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // it is compared
	connection, err := dialer.DialContext(context.Background(), "tcp", server.Address)
	if err != nil {
		return nil
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw
}
