package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// target is one way to reach one kind, with objects of its own.
type target struct {
	name string
	kind kind
	site *site
	// namespace is the target's own.
	namespace string
	// collection is the URL of all objects of the kind.
	collection string
	client     *http.Client
	// constant is one that can only be read.
	constant bool
	// watching is what watches use: they take no connection from requests.
	watching *http.Client
}

func newTarget(name string, k kind, s *site, server, namespace string) (*target, error) {
	requests, err := s.client()
	if err != nil {
		return nil, err
	}
	watches, err := s.client()
	if err != nil {
		return nil, err
	}
	collection := server + k.group + "/namespaces/" + namespace + "/" + k.plural
	return &target{name: name, kind: k, site: s, namespace: namespace, collection: collection, client: requests, watching: watches}, nil
}

func (t *target) create(ctx context.Context, body []byte) error {
	return exchange(ctx, t.client, http.MethodPost, t.collection, "application/json", body)
}

func (t *target) get(ctx context.Context, name string) error {
	return exchange(ctx, t.client, http.MethodGet, t.collection+"/"+name, "", nil)
}

func (t *target) patch(ctx context.Context, name string, body []byte) error {
	return exchange(ctx, t.client, http.MethodPatch, t.collection+"/"+name, "application/merge-patch+json", body)
}

func (t *target) apply(ctx context.Context, name string, body []byte) error {
	return exchange(ctx, t.client, http.MethodPatch, t.collection+"/"+name+"?fieldManager=benchmark&force=true", "application/apply-patch+yaml", body)
}

func (t *target) delete(ctx context.Context, name string) error {
	return exchange(ctx, t.client, http.MethodDelete, t.collection+"/"+name, "", nil)
}

func (t *target) list(ctx context.Context, query string) error {
	return exchange(ctx, t.client, http.MethodGet, t.collection+"?"+query, "", nil)
}

// page lists all objects page by page, and returns how many pages there were.
func (t *target) page(ctx context.Context, limit int) (pages int, err error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	for {
		list, err := t.metadata(ctx, query.Encode())
		if err != nil {
			return pages, err
		}
		pages++
		if list.Continue == "" {
			return pages, nil
		}
		query.Set("continue", list.Continue)
	}
}

// listMetadata is what lists say of themselves.
type listMetadata struct {
	Continue, ResourceVersion string
	Remaining                 int `json:"remainingItemCount"`
}

// metadata lists, and reads of the list only what it says of itself, which it does before or after the items.
func (t *target) metadata(ctx context.Context, query string) (listMetadata, error) {
	var list struct {
		Metadata listMetadata    `json:"metadata"`
		Items    json.RawMessage `json:"items"`
	}
	response, err := send(ctx, t.client, http.MethodGet, t.collection+"?"+query, "", nil)
	if err != nil {
		return list.Metadata, err
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return list.Metadata, fmt.Errorf("reading a list of %s: %w", t.kind.name, err)
	}
	return list.Metadata, nil
}

// count returns how many objects there are.
func (t *target) count(ctx context.Context) (int, error) {
	list, err := t.metadata(ctx, "limit=1")
	if err != nil || list.Remaining > 0 {
		return list.Remaining + 1, err
	}
	response, err := send(ctx, t.client, http.MethodGet, t.collection, "", nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	var all struct{ Items []json.RawMessage }
	err = json.NewDecoder(response.Body).Decode(&all)
	return len(all.Items), err
}

// watches are open watches of one kind.
type watches struct {
	close   context.CancelFunc
	running sync.WaitGroup
	// events is how many all have seen, and broken how many watches the server has ended.
	events, broken atomic.Int64
}

// watch opens watches from now on.
func (t *target) watch(ctx context.Context, count int) (*watches, error) {
	list, err := t.metadata(ctx, "limit=1")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &watches{close: cancel}
	for range count {
		response, err := send(ctx, t.watching, http.MethodGet, t.collection+"?watch=true&resourceVersion="+list.ResourceVersion, "", nil)
		if err != nil {
			w.end()
			return nil, fmt.Errorf("watching: %w", err)
		}
		w.running.Go(func() { w.read(ctx, response.Body) })
	}
	return w, nil
}

func (w *watches) read(ctx context.Context, body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	for lines := bufio.NewReaderSize(body, 64<<10); ; {
		_, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil:
			w.events.Add(1)
		default:
			if ctx.Err() == nil {
				w.broken.Add(1)
			}
			return
		}
	}
}

// await waits until all together have seen so many events.
func (w *watches) await(events int64) error {
	for deadline := time.Now().Add(patience); w.events.Load() < events; time.Sleep(time.Millisecond) {
		if broken := w.broken.Load(); broken > 0 {
			return fmt.Errorf("the server has ended %d watches", broken)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("watches have seen %d of %d events", w.events.Load(), events)
		}
	}
	return nil
}

func (w *watches) end() {
	w.close()
	w.running.Wait()
}

// send sends a request, and returns the answer if it is a success.
func send(ctx context.Context, client *http.Client, method, url, contentType string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 2<<10))
	return nil, fmt.Errorf("%s %s: %s: %s", method, url, response.Status, strings.TrimSpace(string(text)))
}

// exchange is send for those who only want to know that it succeeds. The answer is read to its end.
func exchange(ctx context.Context, client *http.Client, method, url, contentType string, body []byte) error {
	response, err := send(ctx, client, method, url, contentType, body)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// each does something for each n below the count, with so many clients at a time.
func each(ctx context.Context, clients, count int, do func(ctx context.Context, n int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range clients {
		group.Go(func() error {
			for n := next.Add(1) - 1; n < int64(count) && ctx.Err() == nil; n = next.Add(1) - 1 {
				if err := do(ctx, int(n)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
