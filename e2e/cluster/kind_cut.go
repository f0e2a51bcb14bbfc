//go:build kind

package cluster

import (
	"slices"
	"strings"
	"testing"
)

// CutOffNode loses whatever is sent to a node and from it, its pods included, and tells nobody, until the function that it returns is called.
func (k *Kind) CutOffNode(tb testing.TB, node string) (join func()) {
	tb.Helper()
	return k.lose(tb, node, []string{"-i", "eth0"}, []string{"-o", "eth0"})
}

// CutOffPod does so to a pod. Its own node does not reach it either.
func (k *Kind) CutOffPod(tb testing.TB, namespace, pod string) (join func()) {
	tb.Helper()
	node, address, _ := strings.Cut(k.Kubectl(tb, "get", "pod", pod, "-n", namespace, "-o", "jsonpath={.spec.nodeName} {.status.podIP}"), " ")
	return k.lose(tb, node, []string{"-s", address}, []string{"-d", address})
}

// lose drops what a node receives by one rule, and what it sends by another: before addresses of Services become those of pods, and after.
func (k *Kind) lose(tb testing.TB, node string, received, sent []string) (join func()) {
	tb.Helper()
	change := func(verb string) {
		tb.Helper()
		k.OnNode(tb, node, slices.Concat([]string{"iptables", "-w", "-t", "raw", verb, "PREROUTING"}, received, []string{"-j", "DROP"})...)
		k.OnNode(tb, node, slices.Concat([]string{"iptables", "-w", "-t", "mangle", verb, "POSTROUTING"}, sent, []string{"-j", "DROP"})...)
	}
	change("-I")
	return func() { tb.Helper(); change("-D") }
}
