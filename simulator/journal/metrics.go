package journal

import (
	"net/http"
	"strconv"
	"sync"

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
	// known are the counters of outcomes that were seen before: finding them by their labels takes longer than counting.
	known sync.Map // of outcome to outcomeMetrics
}

// outcome is what the counters of a request depend on.
type outcome struct {
	operation, region, err string
	status                 int
}

type outcomeMetrics struct {
	requests, receivedBytes, sentBytes prometheus.Counter
	duration                           prometheus.Observer
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
	of := m.outcome(outcome{e.Operation, e.Region, e.Error, e.Status})
	of.requests.Inc()
	of.duration.Observe(e.Seconds)
	of.receivedBytes.Add(float64(e.BytesIn))
	of.sentBytes.Add(float64(e.BytesOut))
	for _, fault := range e.Faults {
		m.faults.WithLabelValues(fault).Inc()
	}
}

func (m *metrics) outcome(o outcome) *outcomeMetrics {
	if known, found := m.known.Load(o); found {
		if of, is := known.(*outcomeMetrics); is {
			return of
		}
	}
	of := &outcomeMetrics{
		requests:      m.requests.WithLabelValues(o.operation, o.region, strconv.Itoa(o.status), o.err),
		receivedBytes: m.receivedBytes.WithLabelValues(o.operation),
		sentBytes:     m.sentBytes.WithLabelValues(o.operation),
		duration:      m.duration.WithLabelValues(o.operation),
	}
	m.known.Store(o, of)
	return of
}

// Metrics serves the counts of all that was recorded in Prometheus' text format.
func (j *Journal) Metrics() http.Handler {
	return promhttp.HandlerFor(j.metrics.registry, promhttp.HandlerOpts{})
}
