package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// idle is how long a server is left alone before its memory is measured.
const idle = 10 * time.Second

// BenchmarkDevStart measures a development server from the start of its process to the moment
// that its environment is written and everything answers: on an empty directory, and resuming.
func BenchmarkDevStart(b *testing.B) {
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			dir := b.TempDir()
			b.StartTimer()
			s := startDev(b, dir)
			b.StopTimer()
			s.signal(b, syscall.SIGKILL)
			b.StartTimer()
		}
	})
	b.Run("resumed", func(b *testing.B) {
		dir := b.TempDir()
		startDev(b, dir).signal(b, syscall.SIGTERM)
		for b.Loop() {
			s := startDev(b, dir)
			b.StopTimer()
			s.signal(b, syscall.SIGTERM)
			b.StartTimer()
		}
	})
}

// BenchmarkDevMemory reports what a development server occupies when nobody asks anything of it.
func BenchmarkDevMemory(b *testing.B) {
	s := startDev(b, b.TempDir())
	s.KubectlWith(b, devtest.Location("east", "us-east-1", "", "")+devtest.Location("west", "us-west-1", "", ""), "apply", "-f", "-")
	for b.Loop() {
		time.Sleep(idle)
	}
	b.ReportMetric(residentMiB(b, s.process.Process.Pid), "MiB")
	b.ReportMetric(0, "ns/op")
}

// residentMiB reads a process's resident memory, as Linux tells it.
func residentMiB(tb testing.TB, pid int) float64 {
	tb.Helper()
	return statusMiB(tb, pid, "VmRSS:")
}

func statusMiB(tb testing.TB, pid int, field string) float64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), field)
	var kib float64
	if _, err := fmt.Sscanf(rest, "%f kB", &kib); err != nil {
		tb.Fatal(err)
	}
	return kib / 1024
}
