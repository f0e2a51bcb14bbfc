// Package console tells the page of the console what the API of a cluster knows of locations, backups and schedules: as JSON, and at once
// when something changes. It reads by the rights of its user, and no Secret, unless its options ask for the ids of the keys in them.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// Options say what is shown, and what may be changed.
type Options struct {
	// Namespace that is shown; empty: all.
	Namespace string
	// Write lets who has the page ask for checks.
	Write bool
	// Kubectl is the command by which the page's user reaches the same API, with its flags.
	Kubectl []string
	// Setup is the line by which a shell gets what the commands need; empty: nothing is needed.
	Setup string
	// KeyID returns the id of the access key that a profile of a credentials file has, where it may be shown. Nil: Secrets are not read.
	KeyID func(file []byte, profile string) string
}

// Cluster is the API of the page. It watches from the first request on, until Run ends.
type Cluster struct {
	options Options
	server  string
	client  versioned.Interface
	core    kubernetes.Interface
	mux     *http.ServeMux

	wanted  func() // called once somebody asks
	begin   chan struct{}
	changed notice
	history history
	watches
}

// New returns the API of a page that shows what there is behind a REST configuration. Nothing is asked before Run.
func New(config *rest.Config, options Options) (*Cluster, error) {
	config = rest.CopyConfig(config)
	// What is asked is bounded by what the page asks, and warnings would be read by nobody.
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	client, err := versioned.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	c := &Cluster{options: options, server: config.Host, client: client, core: core, mux: http.NewServeMux(), begin: make(chan struct{})}
	c.wanted = sync.OnceFunc(func() { close(c.begin) })
	c.watches = newWatches(c)
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":       c.showSource,
		"GET /locations": c.showLocations,
		"POST /locations/{namespace}/{name}/check": c.check,
		"GET /backups": c.showBackups,
		"GET /follow":  c.follow,
	} {
		c.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				writeError(w, err)
			}
		})
	}
	return c, nil
}

// ServeHTTP answers the page.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.wanted()
	c.mux.ServeHTTP(w, r)
}

// Run watches what is shown, from the first request on, until the context is done: who does not look spends nothing on it.
func (c *Cluster) Run(ctx context.Context) error {
	select {
	case <-c.begin:
	case <-ctx.Done():
		return nil
	}
	var running sync.WaitGroup
	for _, w := range c.all() {
		running.Go(func() { w.informer.RunWithContext(ctx) })
	}
	running.Wait()
	return nil
}

// source says what the page shows, and whether it may change something.
type source struct {
	Server    string   `json:"server"`
	Namespace string   `json:"namespace"`
	Write     bool     `json:"write"`
	Kubectl   []string `json:"kubectl"`
	Setup     string   `json:"setup,omitempty"`
}

func (c *Cluster) showSource(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, source{c.server, c.options.Namespace, c.options.Write, c.options.Kubectl, c.options.Setup})
}

var errReadOnly = errors.New("the console changes nothing in this cluster: start it with --write")

// unchecked is a change after which a location is checked at once: ours looks for the phase, Velero's for the time.
const unchecked = `{"status":{"phase":null,"lastValidationTime":null}}`

// check has a backup storage location checked now, whenever its next check were.
func (c *Cluster) check(w http.ResponseWriter, r *http.Request) error {
	if !c.options.Write {
		return errReadOnly
	}
	_, err := c.client.VeleroV1().BackupStorageLocations(r.PathValue("namespace")).
		Patch(r.Context(), r.PathValue("name"), types.MergePatchType, []byte(unchecked), metav1.PatchOptions{FieldManager: "velero-locations"})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

const (
	// firstLook is how long an answer waits for what was not listed yet; what is missing then is there before long.
	firstLook = 5 * time.Second
	// together is how long changes are gathered before the page is told of them.
	together = 200 * time.Millisecond
)

// follow tells, as server-sent events, that something has changed.
func (c *Cluster) follow(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	controller := http.NewResponseController(w)
	for {
		next := c.changed.wait()
		if _, err := fmt.Fprint(w, "data: changed\n\n"); err != nil || controller.Flush() != nil {
			return nil //nolint:nilerr // the client is gone
		}
		select {
		case <-next:
		case <-r.Context().Done():
			return nil
		}
		select {
		case <-time.After(together):
		case <-r.Context().Done():
			return nil
		}
	}
}

// notice wakes all who wait for a change.
type notice struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait returns what is closed by the next change.
func (n *notice) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

func (n *notice) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may be gone
	return nil
}

// writeError answers with what the API has said.
func writeError(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	var answered apierrors.APIStatus
	switch {
	case errors.Is(err, errReadOnly):
		status = http.StatusForbidden
	case errors.As(err, &answered) && answered.Status().Code > 0:
		status = int(answered.Status().Code)
	}
	_ = writeJSON(w, status, map[string]string{"error": err.Error()}) // as above
}
