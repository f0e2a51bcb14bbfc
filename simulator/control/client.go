package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
)

// AddressVariable is the environment variable that names the control API to clients.
const AddressVariable = "VELERO_LOCATIONS_SIMULATOR"

// Client controls a simulator.
type Client struct {
	// Address is the URL of the control API; a bare host:port is taken as HTTP.
	Address string
	// HTTP is http.DefaultClient when nil.
	HTTP *http.Client
}

// AddFault adds a fault, and returns it with its name.
func (c *Client) AddFault(ctx context.Context, rule faults.Rule) (faults.Rule, error) {
	var added faults.Rule
	return added, c.call(ctx, http.MethodPost, "/v1/faults", rule, &added)
}

// Faults lists the faults in force.
func (c *Client) Faults(ctx context.Context) ([]faults.Status, error) {
	var list FaultList
	return list.Faults, c.call(ctx, http.MethodGet, "/v1/faults", nil, &list)
}

// RemoveFault removes a fault.
func (c *Client) RemoveFault(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, "/v1/faults/"+url.PathEscape(name), nil, nil)
}

// ClearFaults removes all faults.
func (c *Client) ClearFaults(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/v1/faults", nil, nil)
}

// Journal returns the entries of the journal that the filter picks, oldest first.
func (c *Client) Journal(ctx context.Context, filter journal.Filter) ([]journal.Entry, error) {
	var page JournalPage
	err := c.call(ctx, http.MethodGet, "/v1/journal?"+encodeFilter(filter).Encode(), nil, &page)
	return page.Entries, err
}

// Follow calls yield with the entries that the filter picks, and then with each new one, until yield returns an error or
// the context is done.
func (c *Client) Follow(ctx context.Context, filter journal.Filter, yield func(journal.Entry) error) error {
	return follow(ctx, c, "/v1/journal/follow?"+encodeFilter(filter).Encode(), yield)
}

// Events returns the notifications of buckets after a number, oldest first.
func (c *Client) Events(ctx context.Context, since uint64) ([]events.Message, error) {
	var page EventPage
	err := c.call(ctx, http.MethodGet, fmt.Sprintf("/v1/events?since=%d", since), nil, &page)
	return page.Events, err
}

// FollowEvents calls yield with the notifications of buckets after a number, and then with each new one, until yield returns an
// error or the context is done.
func (c *Client) FollowEvents(ctx context.Context, since uint64, yield func(events.Message) error) error {
	return follow(ctx, c, fmt.Sprintf("/v1/events/follow?since=%d", since), yield)
}

func follow[T any](ctx context.Context, c *Client, path string, yield func(T) error) error {
	response, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	entries := bounded.NewReader(response.Body, bounded.Document)
	for decoder := json.NewDecoder(entries); ; entries.Renew() {
		var entry T
		if err := decoder.Decode(&entry); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("following the simulator: %w", err)
		}
		if err := yield(entry); err != nil {
			return err
		}
	}
}

// Keys lists access keys, without their secrets.
func (c *Client) Keys(ctx context.Context) ([]KeyInfo, error) {
	var list KeyList
	err := c.call(ctx, http.MethodGet, "/v1/keys", nil, &list)
	return list.Keys, err
}

// AddKey adds an access key, and returns it with what it signs with, which nothing else tells.
func (c *Client) AddKey(ctx context.Context, key NewKey) (IssuedKey, error) {
	var added IssuedKey
	err := c.call(ctx, http.MethodPost, "/v1/keys", key, &added)
	return added, err
}

// RotateKey replaces an access key by a new one, and returns that with what it signs with.
func (c *Client) RotateKey(ctx context.Context, id string) (IssuedKey, error) {
	var fresh IssuedKey
	err := c.call(ctx, http.MethodPost, "/v1/keys/"+url.PathEscape(id)+"/rotate", nil, &fresh)
	return fresh, err
}

// SetKeyActive enables or disables an access key.
func (c *Client) SetKeyActive(ctx context.Context, id string, active bool) error {
	return c.call(ctx, http.MethodPatch, "/v1/keys/"+url.PathEscape(id), KeyChange{Active: &active}, nil)
}

// RemoveKey removes an access key.
func (c *Client) RemoveKey(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/v1/keys/"+url.PathEscape(id), nil, nil)
}

// Clock shows the simulator's time.
func (c *Client) Clock(ctx context.Context) (Time, error) {
	var shown Time
	err := c.call(ctx, http.MethodGet, "/v1/clock", nil, &shown)
	return shown, err
}

// SetClock moves the clock to a time, from which it goes on.
func (c *Client) SetClock(ctx context.Context, to time.Time) (Time, error) {
	var shown Time
	err := c.call(ctx, http.MethodPut, "/v1/clock", SetTime{Now: to}, &shown)
	return shown, err
}

// AdvanceClock moves the clock ahead, or back.
func (c *Client) AdvanceClock(ctx context.Context, by time.Duration) (Time, error) {
	var shown Time
	err := c.call(ctx, http.MethodPost, "/v1/clock/advance", Advance{By: faults.Duration(by)}, &shown)
	return shown, err
}

// ResetClock takes the clock back to the machine's time.
func (c *Client) ResetClock(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/v1/clock", nil, nil)
}

// Now returns the simulator's time.
func (c *Client) Now(ctx context.Context) (time.Time, error) {
	shown, err := c.Clock(ctx)
	return shown.Now, err
}

// Volumes lists the volumes of all providers, accounts and regions.
func (c *Client) Volumes(ctx context.Context) ([]VolumeInfo, error) {
	var list VolumeList
	err := c.call(ctx, http.MethodGet, "/v1/volumes", nil, &list)
	return list.Volumes, err
}

// WriteVolume writes to a volume, whose content becomes another, and returns it.
func (c *Client) WriteVolume(ctx context.Context, id, data string) (VolumeInfo, error) {
	var written VolumeInfo
	err := c.call(ctx, http.MethodPost, "/v1/volumes/"+url.PathEscape(id)+"/write", Write{data}, &written)
	return written, err
}

// Snapshots lists the snapshots of all providers, accounts and regions.
func (c *Client) Snapshots(ctx context.Context) ([]SnapshotInfo, error) {
	var list SnapshotList
	err := c.call(ctx, http.MethodGet, "/v1/snapshots", nil, &list)
	return list.Snapshots, err
}

// Nodes lists the nodes of Portworx.
func (c *Client) Nodes(ctx context.Context) ([]NodeInfo, error) {
	var list NodeList
	err := c.call(ctx, http.MethodGet, "/v1/nodes", nil, &list)
	return list.Nodes, err
}

// FailNode loses a node of Portworx, and with it its volumes and their local snapshots, for good.
func (c *Client) FailNode(ctx context.Context, cluster, node string) (NodeInfo, error) {
	return c.changeNode(ctx, cluster, node, "fail")
}

// ReplaceNode puts an empty node of Portworx in the place of one that has failed.
func (c *Client) ReplaceNode(ctx context.Context, cluster, node string) (NodeInfo, error) {
	return c.changeNode(ctx, cluster, node, "replace")
}

func (c *Client) changeNode(ctx context.Context, cluster, node, change string) (NodeInfo, error) {
	var changed NodeInfo
	err := c.call(ctx, http.MethodPost, "/v1/nodes/"+url.PathEscape(cluster)+"/"+url.PathEscape(node)+"/"+change, nil, &changed)
	return changed, err
}

// Reset takes everything but the parts that are to be kept back to the configuration.
func (c *Client) Reset(ctx context.Context, keep ...Part) error {
	query := url.Values{}
	for _, part := range keep {
		query.Add("keep", string(part))
	}
	return c.call(ctx, http.MethodPost, "/v1/reset?"+query.Encode(), nil, nil)
}

// SaveState writes the whole state but the journal as one archive, in which secrets are. After an error what was written is not whole.
func (c *Client) SaveState(ctx context.Context, w io.Writer) error {
	response, err := c.send(ctx, http.MethodGet, "/v1/state", nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	return nil
}

// LoadState puts the state of an archive in the place of all but the journal.
func (c *Client) LoadState(ctx context.Context, r io.Reader) error {
	return c.call(ctx, http.MethodPost, "/v1/state", r, nil)
}

func (c *Client) call(ctx context.Context, method, path string, request, into any) error {
	response, err := c.send(ctx, method, path, request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(bounded.NewReader(response.Body, bounded.List)).Decode(into); err != nil {
		return fmt.Errorf("reading the answer of the control API: %w", err)
	}
	return nil
}

// send sends a request and returns its answer, unless it refuses.
func (c *Client) send(ctx context.Context, method, path string, request any) (*http.Response, error) {
	body, isArchive := request.(io.Reader)
	if request != nil && !isArchive {
		data, err := json.Marshal(request)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.NewReader(data)
	}
	base := strings.TrimSuffix(c.Address, "/")
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, body)
	if err != nil {
		return nil, fmt.Errorf("asking the control API: %w", err)
	}
	response, err := cmp.Or(c.HTTP, http.DefaultClient).Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking the control API: %w", err)
	}
	if response.StatusCode < 300 {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	var problem Problem
	if err := json.NewDecoder(bounded.NewReader(response.Body, bounded.List)).Decode(&problem); err != nil || problem.Error == "" {
		return nil, fmt.Errorf("the control API answered %s", response.Status)
	}
	return nil, errors.New(problem.Error)
}
