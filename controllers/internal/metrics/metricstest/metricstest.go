// Package metricstest reads metrics as Prometheus does.
package metricstest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Scrape returns the series of a collector with their values, as they stand in /metrics but without the prefix velero_, and
// without the buckets of histograms.
func Scrape(tb testing.TB, collector prometheus.Collector) []string {
	tb.Helper()
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector); err != nil {
		tb.Fatal(err)
	}
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "/metrics", nil))
	var series []string
	for line := range strings.Lines(page.Body.String()) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket{") {
			series = append(series, strings.TrimPrefix(strings.TrimSpace(line), "velero_"))
		}
	}
	return series
}
