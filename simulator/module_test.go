package simulator_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestModule shows that whoever imports the simulator gets nothing of Kubernetes with it, and can keep the client-go of their own.
func TestModule(t *testing.T) {
	graph, err := exec.CommandContext(t.Context(), "go", "mod", "graph").Output()
	if err != nil || len(graph) == 0 {
		t.Fatalf("%s, %v", graph, err)
	}
	for line := range strings.Lines(string(graph)) {
		if strings.Contains(line, "k8s.io/") {
			t.Errorf("a module of Kubernetes is required: %s", line)
		}
	}
}
