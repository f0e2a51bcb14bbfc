package openapi

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

type named struct {
	Name string `json:"name" doc:"Its name."`
}

type disk struct {
	named

	Size   int               `json:"size,omitempty" doc:"GiB." minimum:"1" maximum:"9"`
	State  string            `json:"state,omitempty" doc:"How it is." enum:"free,taken"`
	Made   time.Time         `json:"made,omitzero" doc:"When."`
	Slow   faults.Duration   `json:"slow,omitempty" doc:"How slow."`
	Tags   map[string]string `json:"tags,omitempty" doc:"Tags."`
	Share  float64           `json:"share,omitempty" doc:"Share."`
	Ready  *bool             `json:"ready,omitempty" doc:"Ready."`
	Parent *disk             `json:"parent,omitempty" doc:"Made of."`
	Hidden string            `json:"-"`
}

// TestSchemas shows how Go types are described.
func TestSchemas(t *testing.T) {
	described := Describe(API{Problem: named{}}, []Operation{{Method: "GET", Path: "/", Response: disk{}}})
	schemas := described["components"].(Object)["schemas"].(Object)
	properties := schemas["disk"].(Object)["properties"].(Object)
	for field, want := range map[string]string{
		"name":   `{"description":"Its name.","type":"string"}`,
		"size":   `{"description":"GiB.","maximum":9,"minimum":1,"type":"integer"}`,
		"state":  `{"description":"How it is.","enum":["free","taken"],"type":"string"}`,
		"made":   `{"description":"When.","format":"date-time","type":"string"}`,
		"slow":   `{"description":"How slow.","example":"1m30s","type":"string"}`,
		"tags":   `{"additionalProperties":{"type":"string"},"description":"Tags.","type":"object"}`,
		"share":  `{"description":"Share.","type":"number"}`,
		"ready":  `{"description":"Ready.","type":"boolean"}`,
		"parent": `{"allOf":[{"$ref":"#/components/schemas/disk"}],"description":"Made of."}`,
	} {
		if got := text(t, properties[field]); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
		delete(properties, field)
	}
	if len(properties) > 0 {
		t.Errorf("described beside: %v", properties)
	}
	if got := text(t, schemas["disk"].(Object)["required"]); got != `["name"]` {
		t.Errorf("required: %s", got)
	}
}

// TestOperations shows how operations are described: what they take, and with what they answer.
func TestOperations(t *testing.T) {
	const (
		refused = `"default":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/named"}}},"description":"It was refused."}`
		one     = `"schema":{"$ref":"#/components/schemas/named"}`
	)
	for name, tc := range map[string]struct {
		operation    Operation
		method, want string
	}{
		"nothing": {Operation{Method: "POST", Path: "/x"}, "post", `{"responses":{"204":{"description":"Done."},` + refused + `},"summary":""}`},
		"an answer": {
			Operation{Method: "GET", Path: "/x", Summary: "Show", Response: named{}},
			"get",
			`{"responses":{"200":{"content":{"application/json":{` + one + `}},"description":"OK"},` + refused + `},"summary":"Show"}`,
		},
		"many answers": {
			Operation{Method: "GET", Path: "/x/follow", Response: named{}},
			"get",
			`{"responses":{"200":{"content":{"application/x-ndjson":{` + one + `}},"description":"OK"},` + refused + `},"summary":""}`,
		},
		"a body, parameters": {
			Operation{Method: "PUT", Path: "/x/{id}", Query: [][2]string{{"q", "What."}}, Request: named{}, Response: Created{named{}}},
			"put",
			`{"parameters":[{"in":"path","name":"id","required":true,"schema":{"type":"string"}},{"description":"What.","in":"query","name":"q","schema":{"type":"string"}}],` +
				`"requestBody":{"content":{"application/json":{` + one + `}},"required":true},` +
				`"responses":{"201":{"content":{"application/json":{` + one + `}},"description":"OK"},` + refused + `},"summary":""}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			described := Describe(API{Title: "T", Prefix: "/v1", Problem: named{}, Plain: map[string]string{"/healthz": "Up"}, Basic: true}, []Operation{tc.operation})
			paths := described["paths"].(map[string]Object)
			if got := text(t, paths["/v1"+tc.operation.Path][tc.method]); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := text(t, paths["/healthz"]); got != `{"get":{"responses":{"200":{"description":"OK"}},"summary":"Up"}}` {
				t.Errorf("what is no JSON: %s", got)
			}
			if got := text(t, described["security"]); got != `[{"basic":[]}]` {
				t.Errorf("security: %s", got)
			}
		})
	}
}

// TestFaults shows that every type of fault is described, with its own fields.
func TestFaults(t *testing.T) {
	schemas := Describe(API{Problem: named{}}, []Operation{{Method: "POST", Path: "/", Request: faults.Rule{}}})["components"].(Object)["schemas"].(Object)
	alternatives := schemas["Rule"].(Object)["properties"].(Object)["fault"].(Object)["oneOf"].([]Object)
	if len(alternatives) != len(faults.Types) {
		t.Errorf("described are %v", alternatives)
	}
	if got := text(t, schemas["ErrorFault"].(Object)["properties"].(Object)["type"]); got != `{"enum":["error"],"type":"string"}` {
		t.Errorf("the type of an error: %s", got)
	}
}

func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
