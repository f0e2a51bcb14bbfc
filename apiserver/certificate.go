package apiserver

import (
	"crypto/x509"
	"encoding/pem"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
)

var certificateEnd = metrics.NewGauge(&metrics.GaugeOpts{
	Name: "velero_locations_serving_certificate_end_timestamp_seconds", StabilityLevel: metrics.ALPHA,
	Help: "When the certificate that the server shows ends, in seconds since 1970.",
})

func init() { legacyregistry.MustRegister(certificateEnd) }

// shownCertificate keeps the metric up with the certificate, which is replaced while the server runs.
type shownCertificate struct {
	dynamiccertificates.CertKeyContentProvider
}

var _ dynamiccertificates.Listener = shownCertificate{}

// tellCertificateEnd follows the certificate of a server.
func tellCertificateEnd(serving *genericapiserver.SecureServingInfo) {
	if serving == nil || serving.Cert == nil {
		return
	}
	shown := shownCertificate{serving.Cert}
	shown.AddListener(shown)
	shown.Enqueue()
}

// Enqueue is called when the certificate has changed.
func (s shownCertificate) Enqueue() {
	data, _ := s.CurrentCertKeyContent()
	block, _ := pem.Decode(data)
	if block == nil {
		return
	}
	if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
		certificateEnd.Set(float64(certificate.NotAfter.Unix()))
	}
}
