package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator"
)

const (
	module  = "github.com/minio/minio-go/v7"
	keyID   = "AKIAFUNCTIONALTESTS"
	secret  = "functional/tests+secret"
	caseMax = 5 * time.Minute
)

// suite is the built program.
type suite struct {
	dir   string
	cases []testCase
}

// testCase is one function of the program.
type testCase struct {
	name  string
	group group
}

type result struct {
	testCase
	passed  bool
	problem string
	output  string
	seconds float64
}

// build makes a program of the module's functional tests that runs the one case it is told.
func build(ctx context.Context) (*suite, error) {
	root, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	source, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(source, "functional_tests.go"))
	if err != nil {
		return nil, fmt.Errorf("the module has no functional tests: %w", err)
	}
	dir, err := os.MkdirTemp("", "simulator-minio-tests-")
	if err != nil {
		return nil, err
	}
	s := &suite{dir: dir, cases: readCases(text)}
	if err := s.write(root, text); err != nil {
		return nil, err
	}
	_, err = output(ctx, dir, "go", "build", "-mod=mod", "-o", "functional_tests", ".")
	return s, err
}

var call = regexp.MustCompile(`^(\t+)(test\w+)\(\)\n$`)

// readCases reads the cases from main, in their order. Those in its conditions need TLS.
func readCases(text []byte) []testCase {
	var cases []testCase
	seen := map[string]bool{}
	_, body, _ := bytes.Cut(text, []byte("\nfunc main() {"))
	for line := range bytes.Lines(body) {
		match := call.FindSubmatch(line)
		if match == nil || seen[string(match[2])] {
			continue
		}
		c := testCase{name: string(match[2]), group: signedV4}
		seen[c.name] = true
		_, code, _ := bytes.Cut(text, []byte("\nfunc "+c.name+"() {"))
		code, _, _ = bytes.Cut(code, []byte("\n}\n"))
		switch {
		case bytes.Contains(code, []byte("CredsV2: true")):
			c.group = signedV2
		case len(match[1]) > 2:
			c.group = overTLS
		}
		cases = append(cases, c)
	}
	return cases
}

func (s *suite) write(root string, text []byte) error {
	_, text, _ = bytes.Cut(text, []byte("\n")) // the build constraint
	text = bytes.Replace(text, []byte("\nfunc main() {"), []byte("\nfunc everyCase() {"), 1)
	modFile, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	_, modFile, _ = bytes.Cut(modFile, []byte("\n"))
	if tools := bytes.Index(modFile, []byte("\ntool (")); tools >= 0 {
		modFile = modFile[:tools+1]
	}
	var main strings.Builder
	main.WriteString("package main\n\nimport (\n\t\"log/slog\"\n\t\"os\"\n)\n\nvar _ = everyCase\n\nfunc main() {\n" +
		"\tslog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))\n\tmap[string]func(){\n")
	for _, c := range s.cases {
		fmt.Fprintf(&main, "\t\t%q: %s,\n", c.name, c.name)
	}
	main.WriteString("\t}[os.Args[1]]()\n}\n")
	for name, content := range map[string][]byte{
		"functional_tests.go": text, "main.go": []byte(main.String()), "go.sum": sums,
		"go.mod": append([]byte("module functional\n"), modFile...),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", command, err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// run runs one case against a simulator of its own.
func (s *suite) run(ctx context.Context, c testCase) result {
	r := result{testCase: c}
	started := time.Now()
	sim, err := simulator.New(simulator.Config{
		S3:          simulator.S3Config{AllowPublicAccess: true}, // two cases set public policies
		MemoryLimit: "4Gi",                                       // one case keeps many large objects
		Regions:     []string{"us-east-1", "eu-west-1", "us-west-2", "eu-central-1"},
		Accounts: []simulator.AccountConfig{{
			ID: "111111111111", Name: "functional", AccessKeys: []simulator.AccessKeyConfig{{ID: keyID, Secret: secret}},
		}},
	})
	if err != nil {
		r.problem = err.Error()
		return r
	}
	defer func() { _ = sim.Close() }()
	server := httptest.NewUnstartedServer(sim.Handler())
	secure := "0"
	if c.group == overTLS {
		secure = "1"
		server.StartTLS()
	} else {
		server.Start()
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(ctx, caseMax)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(s.dir, "functional_tests"), c.name)
	command.Dir = s.dir
	command.Env = append(os.Environ(), "SERVER_ENDPOINT="+server.Listener.Addr().String(), "ACCESS_KEY="+keyID, "SECRET_KEY="+secret,
		"ENABLE_HTTPS="+secure, "ENABLE_KMS="+secure, "MINT_MODE=full", "MINT_DATA_DIR=", "RUN_ON_FAIL=1")
	if secure == "1" {
		ca := filepath.Join(s.dir, c.name+".pem")
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(ca, block, 0o600); err != nil {
			r.problem = err.Error()
			return r
		}
		command.Env = append(command.Env, "SSL_CERT_FILE="+ca)
	}
	out, err := command.CombinedOutput()
	r.output, r.seconds = string(out), time.Since(started).Seconds()
	r.passed, r.problem = verdict(out)
	if err != nil {
		r.passed, r.problem = false, strings.TrimSpace(r.problem+" "+err.Error())
	}
	return r
}

// verdict reads the program's lines of JSON: a case passes when none says that it failed. One case never says that it
// passed; a case that skips itself has failed.
func verdict(out []byte) (passed bool, problem string) {
	for line := range bytes.Lines(out) {
		var said struct{ Status, Alert, Message, Error string }
		if json.Unmarshal(line, &said) != nil {
			continue
		}
		if said.Status == "FAIL" || said.Status == "NA" {
			return false, strings.TrimSpace(said.Status + " " + said.Alert + " " + said.Message + " " + said.Error)
		}
	}
	return true, ""
}
