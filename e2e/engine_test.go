package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestKindRefusal runs the suite where there is no container engine, and where there is one that does not answer: it never passes.
func TestKindRefusal(t *testing.T) {
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	suite := filepath.Join(t.TempDir(), "suite")
	if out, err := exec.CommandContext(t.Context(), gotool, "test", "-tags", "kind", "-c", "-o", suite, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the suite: %v\n%s", err, out)
	}
	silent := t.TempDir()
	docker := "#!/bin/sh\ncase $1 in -v) echo Docker version 28.0.0;; *) echo Cannot connect to the Docker daemon >&2; exit 1;; esac\n"
	if err := os.WriteFile(filepath.Join(silent, "docker"), []byte(docker), 0o700); err != nil { // it is run
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		t.TempDir():               "there is no container engine to make a cluster with",
		silent + ":/usr/bin:/bin": "the container engine does not answer, so there is no cluster to test in",
	} {
		for _, test := range []string{"TestEngine", "TestKind"} {
			cmd := exec.CommandContext(t.Context(), suite, "-test.run", "^"+test+"$")
			cmd.Env = append(os.Environ(), "PATH="+path)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("%s: %v\n%s\nwant it to fail and say %q", test, err, out, want)
			}
		}
	}
}
