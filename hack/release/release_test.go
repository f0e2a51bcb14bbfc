package release

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const repository = "../.."

// TestReproducible builds the program twice, in two folders, for it to have the same bytes.
func TestReproducible(t *testing.T) {
	var sums [][sha256.Size]byte
	for range 2 {
		dir := t.TempDir()
		run(t, repository, "git", "clone", "--quiet", "--shared", ".", dir)
		run(t, dir, "make", "--silent", "build", "OUTPUT=program")
		program, err := os.ReadFile(filepath.Join(dir, "program"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(program), dir) {
			t.Errorf("the program has the name of the folder %s in it", dir)
		}
		sums = append(sums, sha256.Sum256(program))
	}
	if sums[0] != sums[1] {
		t.Errorf("two builds make programs with checksums %x and %x", sums[0], sums[1])
	}
}

// TestRefusals shows that nothing is released that is not a version with a tag.
func TestRefusals(t *testing.T) {
	for version, want := range map[string]string{
		"":           "it must be one such as v0.1.0",
		"0.1.0":      "it must be one such as v0.1.0",
		"v1":         "it must be one such as v0.1.0",
		"v999.0.0":   "there is no tag v999.0.0",
		"v1.0.0;a=b": "it must be one such as v0.1.0",
	} {
		folder := filepath.Join(t.TempDir(), "release")
		out, err := exec.CommandContext(t.Context(), "./release.sh", version, folder).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%q: %v, %s; want %q", version, err, out, want)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%q: something was released", version)
		}
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-trimpath") // as the script has it
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
