package differential

import (
	"bytes"
	"crypto/md5"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// answer is what clients read of a response.
type answer struct {
	// outcome is the status code, and of errors their code: "404 NoSuchKey".
	outcome string
	// fields are headers by their names, and what is in the body: the content of an object as "body", the text of an
	// element as "body.Contents[2].Key".
	fields map[string]string
}

// done says whether the server did what it was asked.
func (a *answer) done() bool { return strings.HasPrefix(a.outcome, "2") }

// headers are those that clients read, beside all that begin with those of prefixes.
var (
	headers = []string{
		"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Range",
		"Content-Type", "Etag", "Expires", "Last-Modified", "Location",
	}
	prefixes = []string{"X-Amz-", "Access-Control-"}
)

// newAnswer reads a response, and leaves out what says nothing but how it is transferred.
func newAnswer(response *http.Response, body []byte) *answer {
	a := &answer{outcome: strconv.Itoa(response.StatusCode), fields: map[string]string{}}
	for name, values := range response.Header {
		for _, prefix := range prefixes {
			if strings.HasPrefix(name, prefix) {
				a.fields[name] = strings.Join(values, "\n")
			}
		}
	}
	for _, name := range headers {
		if values := response.Header.Values(name); len(values) > 0 {
			a.fields[name] = strings.Join(values, "\n")
		}
	}
	isXML := strings.Contains(a.fields["Content-Type"], "xml") && a.readXML(body) == nil
	switch {
	case isXML:
		delete(a.fields, "Content-Length") // of the same elements with other spaces between them
	case len(body) > 200:
		a.fields["body"] = fmt.Sprintf("%d bytes, MD5 %x", len(body), md5.Sum(body))
	default:
		a.fields["body"] = string(body)
	}
	if code := a.fields["body.Code"]; code != "" && response.StatusCode >= http.StatusBadRequest {
		a.outcome += " " + code
		delete(a.fields, "body.Code")
	}
	return a
}

// readXML makes a field of each element that has no other inside it. The second of a name is called NAME[2].
func (a *answer) readXML(body []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var at []string
	var text strings.Builder
	seen := map[string]int{}
	leaf := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && len(seen) > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(at) == 0 {
				a.fields["body"], a.fields["body@xmlns"] = "<"+token.Name.Local+">", token.Name.Space
				at = append(at, "body")
			} else {
				at = append(at, token.Name.Local)
			}
			path := strings.Join(at, ".")
			if seen[path]++; seen[path] > 1 {
				at[len(at)-1] += fmt.Sprintf("[%d]", seen[path])
			}
			leaf = true
			text.Reset()
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			if path := strings.Join(at, "."); leaf && (len(at) > 1 || strings.TrimSpace(text.String()) != "") {
				a.fields[path] += text.String()
			}
			leaf = false
			at = at[:len(at)-1]
		}
	}
}

// names gives what servers make up - versions, uploads - names in the order in which they are first seen, so that two
// runs can be compared in what is the same and what changes.
type names struct {
	host  string
	known map[string]map[string]string
}

func newNames(host string) *names {
	return &names{host: host, known: map[string]map[string]string{}}
}

// made is what a field holds that servers make up, by the last part of its name.
var made = map[string]string{
	"X-Amz-Version-Id": "version", "X-Amz-Copy-Source-Version-Id": "version",
	"VersionId": "version", "VersionIdMarker": "version", "NextVersionIdMarker": "version", "DeleteMarkerVersionId": "version",
	"UploadId": "upload", "UploadIdMarker": "upload", "NextUploadIdMarker": "upload",
}

// hidden is what a field holds of which nothing is compared but that it is there, by the last part of its name.
var hidden = map[string]string{
	"X-Amz-Request-Id": "id", "X-Amz-Id-2": "id", "RequestId": "id", "HostId": "id", "ID": "owner", "DisplayName": "owner",
	"Last-Modified": "time", "LastModified": "time", "CreationDate": "time", "Initiated": "time",
	"ContinuationToken": "token", "NextContinuationToken": "token",
}

// normalize returns the answer with names in it.
func (n *names) normalize(a *answer) *answer {
	out := &answer{outcome: a.outcome, fields: map[string]string{}}
	for _, path := range slices.Sorted(maps.Keys(a.fields)) {
		out.fields[path] = n.field(path, a.fields[path])
	}
	return out
}

func (n *names) field(path, value string) string {
	field := path[strings.LastIndexByte(path, '.')+1:]
	if kind := hidden[field]; kind != "" && value != "" {
		return "<" + kind + ">"
	}
	kind := made[field]
	if kind == "" || value == "" || value == "null" {
		return strings.ReplaceAll(value, n.host, "<host>")
	}
	if n.known[kind] == nil {
		n.known[kind] = map[string]string{}
	}
	if n.known[kind][value] == "" {
		n.known[kind][value] = fmt.Sprintf("<%s %d>", kind, len(n.known[kind])+1)
	}
	return n.known[kind][value]
}
