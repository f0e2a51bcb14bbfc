package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSimulatorDocs runs every command of docs/simulator.md in one shell, and compares what it prints.
func TestSimulatorDocs(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the document's commands need %s", tool)
		}
	}
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	shell := newShell(t, dir)
	lines := strings.Split(freePorts(t, string(text)), "\n")
	commands := 0
	for i := 0; i < len(lines); i++ {
		kind, isBlock := strings.CutPrefix(lines[i], "```")
		if !isBlock || kind == "" {
			continue
		}
		begin := i + 1
		for i++; lines[i] != "```"; i++ {
		}
		block := lines[begin:i]
		if name, found := strings.CutPrefix(kind, "yaml "); found {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(block, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if kind != "console" {
			continue
		}
		for len(block) > 0 {
			command := strings.TrimPrefix(block[0], "$ ")
			n := 1
			for n < len(block) && !strings.HasPrefix(block[n], "$ ") {
				n++
			}
			want := strings.Join(block[1:n], "\n")
			if got := shell.run(t, command); !matchesOutput(want, got) {
				t.Errorf("%s\nprinted\n%s\nwant\n%s", command, got, want)
			}
			block = block[n:]
			commands++
		}
	}
	if commands < 50 {
		t.Errorf("only %d commands were found", commands)
	}
}

// freePorts replaces each port of the document by one that is free.
func freePorts(t *testing.T, text string) string {
	t.Helper()
	ports := map[string]string{}
	var listeners []net.Listener // all open until the end, so that no two are the same
	out := regexp.MustCompile(`(127\.0\.0\.1|\.localhost):\d+`).ReplaceAllStringFunc(text, func(address string) string {
		host, port, _ := strings.Cut(address, ":")
		if ports[port] == "" {
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			_, ports[port], _ = strings.Cut(listener.Addr().String(), ":")
			listeners = append(listeners, listener)
		}
		return host + ":" + ports[port]
	})
	for _, listener := range listeners {
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// matchesOutput compares what was printed with what is expected, in which ... stands for anything.
func matchesOutput(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), `\.\.\.`, `[\s\S]*`)
	spaces := regexp.MustCompile(` +`)
	return regexp.MustCompile(`^` + spaces.ReplaceAllString(pattern, ` +`) + `\s*$`).MatchString(got)
}

// shell is a bash that runs one command after the other.
type shell struct {
	in   io.Writer
	out  *bufio.Reader
	runs int
}

func newShell(t *testing.T, dir string) *shell {
	t.Helper()
	bin := t.TempDir()
	if err := os.Symlink(os.Args[0], filepath.Join(bin, "velero-locations")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+bin+":"+os.Getenv("PATH"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = io.WriteString(in, "kill $(jobs -p) 2>/dev/null; wait\n") // what a failed test left running
		_ = in.Close()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		_ = cmd.Wait()
		_ = w.Close() // which ends who reads
	})
	return &shell{in: in, out: bufio.NewReader(out)}
}

// run runs a command and returns what it printed.
func (s *shell) run(t *testing.T, command string) string {
	t.Helper()
	s.runs++
	mark := "--- end of command " + strconv.Itoa(s.runs)
	if _, err := io.WriteString(s.in, command+"\necho; echo '"+mark+"'\n"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: the shell ended: %v\n%s", command, err, out.String())
		}
		if strings.TrimSpace(line) == mark {
			return out.String()
		}
		out.WriteString(line)
	}
}
