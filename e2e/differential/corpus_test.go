package differential

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// script is one case of the corpus: requests that are sent one after the other, in a namespace of its own.
type script struct {
	// name is THEME: CASE.
	name      string
	namespace string
	// kinds are the plurals that the case is for. Empty: every kind.
	kinds    []string
	requests []request
}

func (s *script) isFor(k *kind) bool {
	return len(s.kinds) == 0 || slices.Contains(s.kinds, k.plural())
}

// request is as it is written in the corpus, before it is said what the braces in it stand for.
type request struct {
	method, path string
	header       map[string]string
	// events is how many events of a watch to wait for.
	events int
	// body is sent as it is, unless it begins with "= NAME": then it is that object of the kind, with the YAML that
	// follows laid over it.
	body string
}

var (
	requestLine = regexp.MustCompile(`^(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE|TRACE|BREW) (\S+)$`)
	headerLine  = regexp.MustCompile(`^([A-Z][A-Za-z-]+): (.*)$`)
)

// loadCorpus reads corpus/*.http. Its form is described in corpus/README.md.
func loadCorpus(t *testing.T) []*script {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("corpus", "*.http"))
	if err != nil {
		t.Fatal(err)
	}
	var corpus []*script
	seen := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts, err := parseTheme(strings.TrimSuffix(filepath.Base(file), ".http"), string(data))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, s := range scripts {
			if seen[s.name] {
				t.Fatalf("%s: there are two cases %q", file, s.name)
			}
			seen[s.name] = true
		}
		corpus = append(corpus, scripts...)
	}
	return corpus
}

// parseTheme reads the cases of one file.
func parseTheme(theme, text string) ([]*script, error) {
	head, rest, _ := strings.Cut(text, "\n### ")
	var kinds []string
	for line := range strings.Lines(head) {
		line = strings.TrimSpace(line)
		if names, ok := strings.CutPrefix(line, "kinds: "); ok {
			kinds = strings.Fields(names)
		} else if line != "" && !strings.HasPrefix(line, "#") {
			return nil, fmt.Errorf("%q: want comments and `kinds:` before the first case", line)
		}
	}
	if len(kinds) == 0 {
		return nil, errors.New("want `kinds: every` or the plurals of kinds")
	}
	if slices.Equal(kinds, []string{"every"}) {
		kinds = nil
	}
	var scripts []*script
	for i, part := range strings.Split(rest, "\n### ") {
		name, body, _ := strings.Cut(part, "\n")
		s := &script{name: theme + ": " + name, namespace: fmt.Sprintf("%s-%d", theme, i+1), kinds: kinds}
		if err := s.parse(body); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		scripts = append(scripts, s)
	}
	return scripts, nil
}

func (s *script) parse(text string) error {
	var current *request
	inBody := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if match := requestLine.FindStringSubmatch(line); match != nil {
			s.requests = append(s.requests, request{method: match[1], path: match[2], header: map[string]string{}})
			current, inBody = &s.requests[len(s.requests)-1], false
			continue
		}
		if current == nil {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			return fmt.Errorf("%q stands before the first request", line)
		}
		if match := headerLine.FindStringSubmatch(line); match != nil && !inBody {
			current.header[match[1]] = match[2]
			continue
		}
		inBody = true
		current.body += line + "\n"
	}
	for i := range s.requests {
		if err := s.requests[i].complete(); err != nil {
			return err
		}
	}
	if len(s.requests) == 0 {
		return errors.New("there is no request")
	}
	return nil
}

// writes says whether the request would leave something behind.
func (r *request) writes() bool {
	return r.method != http.MethodGet && r.method != http.MethodHead && r.method != http.MethodOptions && !strings.Contains(r.path, "dryRun=All")
}

func (r *request) complete() error {
	r.body = strings.Trim(r.body, "\n")
	if events, ok := r.header["Events"]; ok {
		delete(r.header, "Events")
		n, err := strconv.Atoi(events)
		if err != nil {
			return fmt.Errorf("Events: %w", err)
		}
		r.events = n
	}
	if r.body != "" && r.header["Content-Type"] == "" {
		r.header["Content-Type"] = "application/json"
	}
	return nil
}

// bodyFor returns what is sent to a kind, with braces filled in.
func (r *request) bodyFor(k *kind, fill func(string) (string, error)) (string, error) {
	filled, err := fill(r.body)
	if err != nil {
		return "", err
	}
	rest, ok := strings.CutPrefix(filled, "= ")
	if !ok {
		return filled, nil
	}
	name, over, _ := strings.Cut(rest, "\n")
	object, ok := k.body(strings.TrimSpace(name))
	if !ok {
		return "", fmt.Errorf("there is no body %q", name)
	}
	var overlay map[string]any
	if err := yaml.Unmarshal([]byte(over), &overlay); err != nil {
		return "", fmt.Errorf("what is laid over %s: %w", name, err)
	}
	object = merge(object, overlay)
	if strings.Contains(r.header["Content-Type"], "yaml") {
		data, err := yaml.Marshal(object)
		return string(data), err
	}
	return toJSON(object), nil
}
