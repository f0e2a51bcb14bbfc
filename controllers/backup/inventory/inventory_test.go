package inventory

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/resources"
)

var configMaps = resources.Resource{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Kind: "ConfigMap", Namespaced: true}

// serve answers every request with a handler; the API itself is tested with real servers where backups are.
func serve(t *testing.T, handler http.HandlerFunc) *API {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	api, err := NewAPI(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// TestListPages follows pages, of which one has expired in the meantime.
func TestListPages(t *testing.T) {
	const pages = 3
	expired := false
	api := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.URL.Path != "/api/v1/namespaces/shop/configmaps" || query.Get("labelSelector") != "app=web" || query.Get("limit") == "" {
			t.Errorf("unexpected request %s", r.URL)
		}
		page, _ := strconv.Atoi(query.Get("continue"))
		if page == 1 && !expired {
			expired = true
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusGone)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","metadata":{"continue":"1"},"status":"Failure","reason":"Expired","code":410}`)
			return
		}
		more := `{}`
		if page < pages-1 {
			more = fmt.Sprintf(`{"continue":"%d","remainingItemCount":%d}`, page+1, 2*(pages-1-page))
		}
		fmt.Fprintf(w, `{"kind":"ConfigMapList","metadata":%[2]s,"items":[{"metadata":{"name":"a%[1]d"}},{"metadata":{"name":"b%[1]d"}}]}`, page, more)
	})
	var names []string
	var after []int
	for object, err := range api.List(t.Context(), configMaps, "shop", "app=web") {
		if err != nil {
			t.Fatal(err)
		}
		names, after = append(names, object.Meta.Name), append(after, object.After)
	}
	if want := []int{5, 5, 3, 3, 1, 1}; !slices.Equal(after, want) { // what is left of the page is not counted
		t.Errorf("got that there are %v more, want %v", after, want)
	}
	if want := []string{"a0", "b0", "a1", "b1", "a2", "b2"}; !slices.Equal(names, want) || !expired {
		t.Errorf("got %q, want %q", names, want)
	}
}

// TestListBreaks shows that an answer that breaks off is asked for again for as long as that brings more, also when what is
// left is of a newer state by then, and that no object is given twice.
func TestListBreaks(t *testing.T) {
	const (
		first  = `{"metadata":{"name":"a"}}`
		second = `{"metadata":{"name":"b"}}`
		third  = `{"metadata":{"name":"c"}}`
		fourth = `{"metadata":{"name":"d"}}`
		more   = `{"metadata":{"continue":"1"},"items":[` + first + `,`
	)
	for name, tc := range map[string]struct {
		answers []string // of the pages "", "" ... "1", "1"; those that do not end break off
		want    string
		err     string
	}{
		"in both pages":   {answers: []string{more, more + second + `]}`, `{"items":[` + third + `,`, "expired", `{"items":[` + third + `,` + fourth + `]}`}, want: "abcd"},
		"again and again": {answers: []string{more, more + second + `,`, more + second + `,`}, want: "ab", err: "listing configmaps: reading the answer: unexpected EOF"},
		"before anything": {answers: []string{`{"metadata":{"continue":"1"},"items":[`}, err: "listing configmaps: reading the answer: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			api := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if requests == len(tc.answers) {
					t.Errorf("unexpected request %s", r.URL)
					return
				}
				answer := tc.answers[requests]
				requests++
				if answer == "expired" {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusGone)
					fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","metadata":{"continue":"newer"},"status":"Failure","reason":"Expired","code":410}`)
					return
				}
				fmt.Fprint(w, answer)
				if !strings.HasSuffix(answer, "]}") {
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				}
			})
			var given []string
			failure := ""
			for object, err := range api.List(t.Context(), configMaps, "", "") {
				if err != nil {
					failure = err.Error()
				}
				given = append(given, object.Meta.Name)
			}
			if got := strings.Join(given, ""); got != tc.want || failure != tc.err || requests != len(tc.answers) {
				t.Errorf("got %q, %q after %d requests", got, failure, requests)
			}
		})
	}
}

// TestListStops shows that a list that is not read to its end does not go on.
func TestListStops(t *testing.T) {
	requests := 0
	api := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		fmt.Fprint(w, `{"metadata":{"continue":"more"},"items":[{},{}]}`)
	})
	for range api.List(t.Context(), configMaps, "", "") {
		break
	}
	if requests != 1 {
		t.Errorf("got %d requests", requests)
	}
}

func TestListAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want []string // objects
		err  string
	}{
		"no items": {body: `{"items":null,"metadata":{}}`},
		"empty":    {body: `{"items":[],"unknown":{"items":[1]}}`},
		"kind and version": {body: `{"items":[{"metadata":{"name":"x"}},{}, {"kind":"Own","apiVersion":"own/v1","metadata":{"name":"own"}}]}`, want: []string{
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}`, `{"apiVersion":"v1","kind":"ConfigMap"}`, `{"kind":"Own","apiVersion":"own/v1","metadata":{"name":"own"}}`,
		}},
		"nothing":             {body: ``, err: "listing configmaps: reading the answer: unexpected EOF"},
		"broken in a list":    {body: `{"items":[{"metadata":{"name":"x"}}`, want: []string{`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}`}, err: "listing configmaps: reading the answer: unexpected EOF"},
		"broken in an object": {body: `{"items":[{"metadata":`, err: "unexpected EOF"},
		"broken behind":       {body: `{"items":[]`, err: "listing configmaps: reading the answer: unexpected EOF"},
		"not a list":          {body: `[1]`, err: "the answer is not a list: it has [ in place of {"},
		"not items":           {body: `{"items":{}}`, err: "the items are not an array but begin with {"},
		"twice and no UTF-8":  {body: "{\"items\":[{\"a\":1,\"a\":\"\xff\",\"metadata\":{\"name\":\"x\"}}]}", want: []string{"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"a\":1,\"a\":\"\xff\",\"metadata\":{\"name\":\"x\"}}"}},
		"not objects":         {body: `{"items":[1]}`, err: "reading the metadata of an object"},
	} {
		t.Run(name, func(t *testing.T) {
			api := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tc.body) })
			var got []string
			var failure error
			for object, err := range api.List(t.Context(), configMaps, "", "") {
				if err != nil {
					failure = err
					continue
				}
				if !json.Valid(object.JSON) || object.Meta.Kind == "" {
					t.Errorf("got kind %q, JSON %s", object.Meta.Kind, object.JSON)
				}
				got = append(got, string(object.JSON))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if (failure == nil) != (tc.err == "") || failure != nil && !strings.Contains(failure.Error(), tc.err) {
				t.Errorf("got error %v, want %q", failure, tc.err)
			}
		})
	}
}
