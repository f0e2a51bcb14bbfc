// Package openapi describes APIs of JSON over HTTP in OpenAPI, from the Go types that they read and write, so that a
// description is never out of date.
package openapi

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// Operation is an operation of an API.
type Operation struct {
	Method, Path, Summary string
	// Query are the names of query parameters, with what they mean.
	Query [][2]string
	// Request and Response are examples of the bodies' types; nil is no body.
	Request, Response any
}

// Created is a response with status 201.
type Created struct{ Body any }

// Archive is a body that is a tar archive.
type Archive struct{}

// File is a body of any content.
type File struct{}

// Object is a JSON object.
type Object map[string]any

// API is what a description says of all operations.
type API struct {
	Title string
	// Prefix is put in front of the paths.
	Prefix string
	// Problem is an example of the body of answers that refuse.
	Problem any
	// Plain are summaries of paths that answer something other than JSON.
	Plain map[string]string
	// Basic says that clients give credentials as HTTP's basic authentication has them.
	Basic bool
}

// Describe returns the description of an API.
func Describe(api API, operations []Operation) Object {
	schemas, paths := &schemas{Object{}}, map[string]Object{}
	for _, o := range operations {
		path := api.Prefix + o.Path
		if paths[path] == nil {
			paths[path] = Object{}
		}
		paths[path][strings.ToLower(o.Method)] = o.describe(api, schemas)
	}
	for path, summary := range api.Plain {
		paths[path] = Object{"get": Object{"summary": summary, "responses": Object{"200": Object{"description": "OK"}}}}
	}
	components := Object{"schemas": schemas.named}
	out := Object{
		"openapi": "3.0.3",
		"info":    Object{"title": api.Title, "version": "v1"},
		"paths":   paths, "components": components,
	}
	if api.Basic {
		components["securitySchemes"] = Object{"basic": Object{"type": "http", "scheme": "basic"}}
		out["security"] = []Object{{"basic": []string{}}}
	}
	return out
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (o Operation) describe(api API, s *schemas) Object {
	var parameters []Object
	for _, match := range pathParameter.FindAllStringSubmatch(o.Path, -1) {
		parameters = append(parameters, Object{"name": match[1], "in": "path", "required": true, "schema": Object{"type": "string"}})
	}
	for _, query := range o.Query {
		parameters = append(parameters, Object{"name": query[0], "in": "query", "description": query[1], "schema": Object{"type": "string"}})
	}
	out := Object{"summary": o.Summary, "responses": Object{
		"default": Object{"description": "It was refused.", "content": Object{
			"application/json": Object{"schema": s.of(reflect.TypeOf(api.Problem))},
		}},
	}}
	status, answer := o.answer(s)
	out["responses"].(Object)[status] = answer
	if parameters != nil {
		out["parameters"] = parameters
	}
	if o.Request != nil {
		out["requestBody"] = Object{"required": true, "content": s.content("application/json", o.Request)}
	}
	return out
}

// answer describes the answer that does not refuse.
func (o Operation) answer(s *schemas) (status string, answer Object) {
	if o.Response == nil {
		return strconv.Itoa(http.StatusNoContent), Object{"description": "Done."}
	}
	code, body := http.StatusOK, o.Response
	if created, ok := body.(Created); ok {
		code, body = http.StatusCreated, created.Body
	}
	media := "application/json"
	if strings.HasSuffix(o.Path, "/follow") {
		media = "application/x-ndjson"
	}
	return strconv.Itoa(code), Object{"description": "OK", "content": s.content(media, body)}
}

// content describes a body of a media type, unless it is an archive or a file.
func (s *schemas) content(media string, body any) Object {
	binary := Object{"schema": Object{"type": "string", "format": "binary"}}
	switch body.(type) {
	case Archive:
		return Object{"application/x-tar": binary}
	case File:
		return Object{"application/octet-stream": binary}
	}
	return Object{media: Object{"schema": s.of(reflect.TypeOf(body))}}
}

// schemas gathers the schemas of structs by the names of their types.
type schemas struct{ named Object }

func (s *schemas) of(t reflect.Type) Object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return Object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[faults.Duration]():
		return Object{"type": "string", "example": "1m30s"}
	case reflect.TypeFor[faults.Fault]():
		return s.faults()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return s.ref(t)
	case reflect.Slice:
		return Object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return Object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Bool:
		return Object{"type": "boolean"}
	case reflect.Float64:
		return Object{"type": "number"}
	case reflect.String:
		return Object{"type": "string"}
	default:
		return Object{"type": "integer"}
	}
}

func (s *schemas) ref(t reflect.Type) Object {
	if s.named[t.Name()] == nil {
		schema := Object{"type": "object", "additionalProperties": false}
		s.named[t.Name()] = schema // before its fields, which may refer to it
		properties, required := Object{}, []string{}
		s.fields(t, properties, &required)
		schema["properties"] = properties
		if len(required) > 0 {
			schema["required"] = required
		}
	}
	return Object{"$ref": "#/components/schemas/" + t.Name()}
}

func (s *schemas) fields(t reflect.Type, properties Object, required *[]string) {
	for field := range t.Fields() {
		if field.Anonymous {
			s.fields(field.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if options == "" {
			*required = append(*required, name)
		}
		schema := s.of(field.Type)
		if schema["$ref"] != nil {
			schema = Object{"allOf": []Object{schema}} // next to $ref everything else is ignored
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
func (s *schemas) faults() Object {
	var alternatives []Object
	for _, t := range faults.Types {
		structure := reflect.TypeOf(t.New()).Elem()
		name := structure.Name() + "Fault"
		properties := Object{"type": Object{"type": "string", "enum": []string{t.Name}}}
		required := []string{"type"}
		s.fields(structure, properties, &required)
		s.named[name] = Object{
			"type": "object", "description": t.Doc, "additionalProperties": false, "properties": properties, "required": required,
		}
		alternatives = append(alternatives, Object{"$ref": "#/components/schemas/" + name})
	}
	return Object{"oneOf": alternatives}
}
