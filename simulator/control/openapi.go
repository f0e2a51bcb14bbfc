package control

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// object is a JSON object of an OpenAPI description.
type object map[string]any

// describe returns the OpenAPI description of routes. It is made of the Go types that they read and write, so that it is
// never behind them.
func describe(routes []route) object {
	schemas, paths := &schemas{object{}}, map[string]object{}
	for _, r := range routes {
		if paths[r.path] == nil {
			paths[r.path] = object{}
		}
		paths[r.path][strings.ToLower(r.method)] = r.describe(schemas)
	}
	for path, summary := range map[string]string{
		"/metrics": "Counts of requests in Prometheus' text format.",
		"/ca.pem":  "The certificate that clients of HTTPS must trust.",
	} {
		paths[path] = object{"get": object{"summary": summary, "responses": object{"200": object{"description": "OK"}}}}
	}
	return object{
		"openapi": "3.0.3",
		"info":    object{"title": "Control API of the velero-locations simulator", "version": "v1"},
		"paths":   paths, "components": object{"schemas": schemas.named},
	}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (r route) describe(s *schemas) object {
	var parameters []object
	for _, match := range pathParameter.FindAllStringSubmatch(r.path, -1) {
		parameters = append(parameters, object{"name": match[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, query := range r.query {
		parameters = append(parameters, object{"name": query[0], "in": "query", "description": query[1], "schema": object{"type": "string"}})
	}
	status, answer := "204", object{"description": "Done."}
	if r.response != nil {
		status = "200"
		if r.method == http.MethodPost && !strings.Contains(r.path, "{") && strings.Count(r.path, "/") == 2 {
			status = "201"
		}
		media := "application/json"
		if strings.HasSuffix(r.path, "/follow") {
			media = "application/x-ndjson"
		}
		answer = object{"description": "OK", "content": object{media: object{"schema": s.of(reflect.TypeOf(r.response))}}}
	}
	out := object{"summary": r.summary, "responses": object{
		status: answer,
		"default": object{"description": "It was refused.", "content": object{
			"application/json": object{"schema": s.of(reflect.TypeFor[Problem]())},
		}},
	}}
	if parameters != nil {
		out["parameters"] = parameters
	}
	if r.request != nil {
		out["requestBody"] = object{"required": true, "content": object{
			"application/json": object{"schema": s.of(reflect.TypeOf(r.request))},
		}}
	}
	return out
}

// schemas gathers the schemas of structs by the names of their types.
type schemas struct{ named object }

func (s *schemas) of(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[faults.Duration]():
		return object{"type": "string", "example": "1m30s"}
	case reflect.TypeFor[faults.Fault]():
		return s.faults()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return s.ref(t)
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return object{"type": "string"}
	default:
		return object{"type": "integer"}
	}
}

func (s *schemas) ref(t reflect.Type) object {
	if s.named[t.Name()] == nil {
		schema := object{"type": "object", "additionalProperties": false}
		s.named[t.Name()] = schema // before its fields, which may refer to it
		properties, required := object{}, []string{}
		s.fields(t, properties, &required)
		schema["properties"] = properties
		if len(required) > 0 {
			schema["required"] = required
		}
	}
	return object{"$ref": "#/components/schemas/" + t.Name()}
}

func (s *schemas) fields(t reflect.Type, properties object, required *[]string) {
	for field := range t.Fields() {
		if field.Anonymous {
			s.fields(field.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if options == "" {
			*required = append(*required, name)
		}
		schema := s.of(field.Type)
		if schema["$ref"] != nil {
			schema = object{"allOf": []object{schema}} // beside $ref nothing counts
		}
		schema["description"] = field.Tag.Get("doc")
		if enum := field.Tag.Get("enum"); enum != "" {
			schema["enum"] = strings.Split(enum, ",")
		}
		for _, bound := range []string{"minimum", "maximum"} {
			if n, err := strconv.Atoi(field.Tag.Get(bound)); err == nil {
				schema[bound] = n
			}
		}
		properties[name] = schema
	}
}

// faults describes all types of faults, told apart by the only value that each allows for "type".
func (s *schemas) faults() object {
	var alternatives []object
	for _, t := range faults.Types {
		structure := reflect.TypeOf(t.New()).Elem()
		name := structure.Name() + "Fault"
		properties := object{"type": object{"type": "string", "enum": []string{t.Name}}}
		required := []string{"type"}
		s.fields(structure, properties, &required)
		s.named[name] = object{
			"type": "object", "description": t.Doc, "additionalProperties": false, "properties": properties, "required": required,
		}
		alternatives = append(alternatives, object{"$ref": "#/components/schemas/" + name})
	}
	return object{"oneOf": alternatives}
}
