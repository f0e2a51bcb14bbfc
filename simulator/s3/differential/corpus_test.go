package differential

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// script is one case of the corpus: requests that are sent one after the other, to servers that no other case uses.
type script struct {
	theme string
	// name is THEME: CASE.
	name     string
	requests []request
}

// request is as it is written in the corpus, before it is said what the braces in it stand for.
type request struct {
	method, path string
	header       map[string]string
	// sign is how it is signed, the key of signatures.
	sign string
	body string
}

var (
	requestLine = regexp.MustCompile(`^(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) (\S+)$`)
	headerLine  = regexp.MustCompile(`^([A-Z][A-Za-z0-9-]+): (.*)$`)
	sizeLine    = regexp.MustCompile(`^= ([0-9]+) bytes$`)
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
	for line := range strings.Lines(head) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return nil, fmt.Errorf("%q: want comments before the first case", line)
		}
	}
	var scripts []*script
	for part := range strings.SplitSeq(rest, "\n### ") {
		name, body, _ := strings.Cut(part, "\n")
		s := &script{theme: theme, name: theme + ": " + name}
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
	if len(s.requests) == 0 {
		return errors.New("there is no request")
	}
	for i := range s.requests {
		if err := s.requests[i].complete(); err != nil {
			return err
		}
	}
	return nil
}

func (r *request) complete() error {
	r.sign = r.header["Sign"]
	delete(r.header, "Sign")
	if signatures[r.sign] == nil {
		return fmt.Errorf("there is no signature %q", r.sign)
	}
	r.body = strings.Trim(r.body, "\n")
	if match := sizeLine.FindStringSubmatch(r.body); match != nil {
		size, err := strconv.Atoi(match[1])
		if err != nil {
			return fmt.Errorf("%s: %w", r.body, err)
		}
		r.body = strings.Repeat("0123456789abcdef", size/16+1)[:size]
	}
	return nil
}

// writes says whether the request would leave something behind.
func (r *request) writes() bool {
	return r.method != http.MethodGet && r.method != http.MethodHead && r.method != http.MethodOptions
}
