// Package control is the API by which a running simulator is made to misbehave, watched and set right again: JSON over
// HTTP, described in OpenAPI at /openapi.json. It has no credentials of its own: it belongs on loopback.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/clock"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/openapi"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Options are what the API controls.
type Options struct {
	// Version of the program; empty where nobody said.
	Version string
	Started time.Time
	// Addresses returns the URLs that are served, by what answers there.
	Addresses func() map[string]string
	Regions   []string
	Store     *store.Store
	Accounts  *accounts.Directory
	Faults    *faults.Set
	Journal   *journal.Journal
	Events    *events.Bus
	Clock     *clock.Clock
	// ClockMoved does what is due by the time to which the clock was moved, before that is answered.
	ClockMoved func() error
	Volumes    *ebs.Store
	Azure      *azure.Store
	Portworx   *portworx.Store
	// CertPEM is the certificate that clients of HTTPS must trust.
	CertPEM []byte
	// Reset takes all but some parts back to the configuration.
	Reset func(keep ...Part) error
	// SaveState writes the whole state as one archive, and LoadState reads one, or returns ErrInvalidState.
	SaveState func(io.Writer) error
	LoadState func(io.Reader) error
}

type server struct{ Options }

// New returns the API.
func New(options Options) http.Handler {
	s := &server{options}
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, request *http.Request) {
			if err := r.handle(s, w, request); err != nil {
				writeError(w, err)
			}
		})
	}
	mux.Handle("GET /metrics", options.Journal.Metrics())
	mux.HandleFunc("GET /ca.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(options.CertPEM) // the client may be gone
	})
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = writeJSON(w, http.StatusOK, describe(routes)) // as above
	})
	// A page in the user's browser can reach loopback too; it must not control anything.
	return http.NewCrossOriginProtection().Handler(mux)
}

// route is an operation of the API: what serves it and what describes it.
type route struct {
	method, path, summary string
	// query are the names of query parameters, with what they mean.
	query [][2]string
	// request and response are examples of the bodies' types; nil is no body.
	request, response any
	handle            func(*server, http.ResponseWriter, *http.Request) error
}

func describe(routes []route) openapi.Object {
	var operations []openapi.Operation
	for _, r := range routes {
		operations = append(operations, openapi.Operation{
			Method: r.method, Path: r.path, Summary: r.summary, Query: r.query, Request: r.request, Response: r.response,
		})
	}
	return openapi.Describe(api, operations)
}

// api is what the description of the API says of all routes.
var api = openapi.API{
	Title: "Control API of the velero-locations simulator", Problem: Problem{},
	Plain: map[string]string{
		"/metrics": "Counts of requests in Prometheus' text format.",
		"/ca.pem":  "The certificate that clients of HTTPS must trust.",
		"/healthz": "Whether the simulator runs.",
		"/readyz":  "Whether all its addresses are served.",
	},
}

var routes = []route{
	{"GET", "/v1/cloud", "Shows where the simulator answers, and its accounts, regions and buckets.", nil, nil, Cloud{}, (*server).showCloud},

	{"GET", "/v1/objects", "Lists what lies directly under a prefix of a bucket, all versions of it.", objectsQuery, nil, ObjectPage{}, (*server).listObjects},
	{"GET", "/v1/objects/content", "Reads an object.", objectQuery, nil, openapi.File{}, (*server).readObject},

	{"GET", "/v1/faults", "Lists faults, in the order in which they apply.", nil, nil, FaultList{}, (*server).listFaults},
	{"POST", "/v1/faults", "Adds a fault.", nil, faults.Rule{}, openapi.Created{Body: faults.Rule{}}, (*server).addFault},
	{"DELETE", "/v1/faults", "Removes all faults.", nil, nil, nil, (*server).clearFaults},
	{"DELETE", "/v1/faults/{name}", "Removes a fault.", nil, nil, nil, (*server).removeFault},

	{"GET", "/v1/journal", "Lists the last requests, oldest first.", journalQuery, nil, JournalPage{}, (*server).listJournal},
	{"GET", "/v1/journal/follow", "Streams the last requests and then each new one, a JSON object a line, or as server-sent events.", journalQuery, nil, journal.Entry{}, (*server).followJournal},
	{"DELETE", "/v1/journal", "Empties the journal.", nil, nil, nil, (*server).clearJournal},

	{"GET", "/v1/events", "Lists the last notifications of buckets, oldest first.", eventsQuery, nil, EventPage{}, (*server).listEvents},
	{"GET", "/v1/events/follow", "Streams the last notifications of buckets and then each new one, a JSON object a line, or as server-sent events.", eventsQuery[:1], nil, events.Message{}, (*server).followEvents},

	{"GET", "/v1/clock", "Shows the simulator's time.", nil, nil, Time{}, (*server).showClock},
	{"PUT", "/v1/clock", "Moves the clock to a time, from which it goes on.", nil, SetTime{}, Time{}, (*server).setClock},
	{"POST", "/v1/clock/advance", "Moves the clock ahead, or back.", nil, Advance{}, Time{}, (*server).advanceClock},
	{"DELETE", "/v1/clock", "Takes the clock back to the machine's time.", nil, nil, nil, (*server).resetClock},

	{"GET", "/v1/keys", "Lists access keys, without their secrets.", nil, nil, KeyList{}, (*server).listKeys},
	{"POST", "/v1/keys", "Adds an access key. What is left out is made up.", nil, NewKey{}, openapi.Created{Body: IssuedKey{}}, (*server).addKey},
	{"PATCH", "/v1/keys/{id}", "Enables or disables an access key.", nil, KeyChange{}, KeyInfo{}, (*server).changeKey},
	{"POST", "/v1/keys/{id}/rotate", "Replaces an access key by a new one that may do the same.", nil, nil, IssuedKey{}, (*server).rotateKey},
	{"DELETE", "/v1/keys/{id}", "Removes an access key.", nil, nil, nil, (*server).removeKey},

	{"GET", "/v1/volumes", "Lists the volumes of all providers, accounts and regions.", nil, nil, VolumeList{}, (*server).listVolumes},
	{"POST", "/v1/volumes/{id}/write", "Writes to a volume, whose content becomes another.", nil, Write{}, VolumeInfo{}, (*server).writeVolume},
	{"GET", "/v1/snapshots", "Lists the snapshots of all providers, accounts and regions.", nil, nil, SnapshotList{}, (*server).listSnapshots},

	{"GET", "/v1/nodes", "Lists the nodes of Portworx.", nil, nil, NodeList{}, (*server).listNodes},
	{"POST", "/v1/nodes/{cluster}/{node}/fail", "Loses a node of Portworx, and with it its volumes and their local snapshots, for good.", nil, nil, NodeInfo{}, (*server).failNode},
	{"POST", "/v1/nodes/{cluster}/{node}/replace", "Puts an empty node of Portworx in the place of one that has failed.", nil, nil, NodeInfo{}, (*server).replaceNode},

	{"POST", "/v1/reset", "Takes everything back to the configuration: objects with their buckets, volumes with their snapshots and nodes, keys with their accounts, faults, journal and clock.", resetQuery, nil, nil, (*server).reset},

	{"GET", "/v1/state", "Saves the whole state but the journal as a tar archive, secrets included.", nil, nil, openapi.Archive{}, (*server).saveState},
	{"POST", "/v1/state", "Loads such an archive in the place of the whole state but the journal, or refuses it and changes nothing.", nil, openapi.Archive{}, nil, (*server).loadState},
}

// Problem is the body of every answer that refuses.
type Problem struct {
	Error string `json:"error" doc:"What is wrong."`
}

var errBadRequest = errors.New("bad request")

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	for known, s := range map[error]int{
		errBadRequest: http.StatusBadRequest, ErrInvalidState: http.StatusBadRequest, faults.ErrInvalid: http.StatusBadRequest,
		accounts.ErrNotFound: http.StatusNotFound, errNotFound: http.StatusNotFound,
		accounts.ErrExists: http.StatusConflict, faults.ErrExists: http.StatusConflict,
	} {
		if errors.Is(err, known) {
			status = s
		}
	}
	_ = writeJSON(w, status, Problem{err.Error()}) // the client may be gone
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client may be gone
	return nil
}

func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// MaxRequest bounds the body of a request to the API, in bytes.
const MaxRequest = 1 << 20

// readJSON reads the body of a request. A field that is not known is an error.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%w: reading the body: %w", errBadRequest, err)
	}
	return nil
}
