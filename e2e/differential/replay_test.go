package differential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// patience is how long an answer, or the events of a watch, may take.
const patience = 20 * time.Second

// server is one side of the comparison.
type server struct {
	url    string
	client *http.Client
}

func newServer(config *rest.Config) (*server, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	return &server{url: strings.TrimSuffix(config.Host, "/"), client: client}, nil
}

// run is a script on its way on one server.
type run struct {
	server *server
	script *script
	kind   *kind
	seen   *names
	bodies []any // of the answers so far, as they came
}

func newRun(s *server, sc *script, k *kind) *run {
	return &run{server: s, script: sc, kind: k, seen: newNames()}
}

var placeholder = regexp.MustCompile(`\{([a-z]+|[0-9]+\.[A-Za-z0-9.]+)\}`)

// fill says what braces stand for: a property of the case, or a field of an earlier answer.
func (r *run) fill(text string) (string, error) {
	base := r.kind.groupPath()
	known := map[string]string{
		"group":   "/apis/" + r.kind.crd.Spec.Group,
		"version": base,
		"ns":      r.script.namespace,
		"all":     base + "/" + r.kind.plural(),
		"objects": base + "/namespaces/" + r.script.namespace + "/" + r.kind.plural(),
		"kind":    r.kind.name(), "plural": r.kind.plural(),
		"api": strings.TrimPrefix(base, "/apis/"),
	}
	var err error
	filled := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.Trim(match, "{}")
		if value, ok := known[name]; ok {
			return value
		}
		value, fieldErr := r.field(name)
		err = errors.Join(err, fieldErr)
		return value
	})
	return filled, err
}

// field returns a field of an earlier answer, such as "1.metadata.uid".
func (r *run) field(path string) (string, error) {
	steps := strings.Split(path, ".")
	n, err := strconv.Atoi(steps[0])
	if err != nil || n < 1 || n > len(r.bodies) {
		return "", fmt.Errorf("{%s}: there is no such word, nor an answer of that number", path)
	}
	value := r.bodies[n-1]
	for _, step := range steps[1:] {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return "", fmt.Errorf("{%s}: there is no item %s", path, step)
			}
			value = at[i]
		default:
			value = nil
		}
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	return "", fmt.Errorf("{%s} is not in the answer: %v", path, toJSON(r.bodies[n-1]))
}

// send sends a request and returns its answer in comparable form.
func (r *run) send(ctx context.Context, req *request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path, err := r.fill(req.path)
	if err != nil {
		return nil, err
	}
	body, err := req.bodyFor(r.kind, r.fill)
	if err != nil {
		return nil, err
	}
	r.seen.asked(body)
	httpRequest, err := http.NewRequestWithContext(ctx, req.method, r.server.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for key, value := range req.header {
		httpRequest.Header.Set(key, value)
	}
	response, err := r.server.client.Do(httpRequest)
	if err != nil {
		return noAnswer(r, err), nil
	}
	defer func() { _ = response.Body.Close() }()
	content, err := read(response, req)
	if err != nil {
		return noAnswer(r, err), nil
	}
	r.bodies = append(r.bodies, content)
	return newAnswer(response, content, r.seen), nil
}

// noAnswer is the answer of a server that breaks the connection, or does not answer in time.
func noAnswer(r *run, err error) *answer {
	r.bodies = append(r.bodies, nil)
	why := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		why = "time out"
	} else if i := strings.Index(why, "stream error"); i >= 0 {
		why = "the connection breaks"
	}
	return &answer{outcome: "no answer: " + why}
}

// read returns the decoded body of an answer, or its text when it is not an object.
func read(response *http.Response, req *request) (any, error) {
	if req.events > 0 && response.StatusCode == http.StatusOK {
		return readEvents(response.Body, req.events)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return decode(data), nil
}

func readEvents(stream io.Reader, n int) (any, error) {
	decoder := json.NewDecoder(stream)
	events := []any{}
	for len(events) < n {
		var event any
		if err := decoder.Decode(&event); err != nil {
			return nil, fmt.Errorf("after %d of %d events, %s: %w", len(events), n, toJSON(events), err)
		}
		events = append(events, event)
	}
	return map[string]any{"events": events}, nil
}
