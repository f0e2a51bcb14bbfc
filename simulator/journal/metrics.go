package journal

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count what the journal records, in Prometheus' units. Their labels have few values: neither keys nor buckets
// nor access keys are among them.
type metrics struct {
	registry                 *prometheus.Registry
	requests, faults         *prometheus.CounterVec
	receivedBytes, sentBytes *prometheus.CounterVec
	duration                 *prometheus.HistogramVec
}

func newMetrics() *metrics {
	const namespace = "velero_locations_simulator"
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:      prometheus.NewRegistry(),
		requests:      counter("requests_total", "Requests, by their outcome. Code 0: there was no answer.", "operation", "region", "code", "error"),
		faults:        counter("faults_injected_total", "Requests that a fault harmed.", "fault"),
		receivedBytes: counter("received_bytes_total", "Bytes of requests' bodies.", "operation"),
		sentBytes:     counter("sent_bytes_total", "Bytes of answers' bodies.", "operation"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "request_duration_seconds", Help: "How long requests took.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10),
		}, []string{"operation"}),
	}
	m.registry.MustRegister(m.requests, m.faults, m.receivedBytes, m.sentBytes, m.duration)
	return m
}

func (m *metrics) observe(e Entry) {
	m.requests.WithLabelValues(e.Operation, e.Region, strconv.Itoa(e.Status), e.Error).Inc()
	m.duration.WithLabelValues(e.Operation).Observe(e.Seconds)
	m.receivedBytes.WithLabelValues(e.Operation).Add(float64(e.BytesIn))
	m.sentBytes.WithLabelValues(e.Operation).Add(float64(e.BytesOut))
	for _, fault := range e.Faults {
		m.faults.WithLabelValues(fault).Inc()
	}
}

// Metrics serves the counts of all that was recorded in Prometheus' text format.
func (j *Journal) Metrics() http.Handler {
	return promhttp.HandlerFor(j.metrics.registry, promhttp.HandlerOpts{})
}
