package objectstore

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// strict is a transport that holds answers to S3's protocol. The client takes any document for a listing, even a page for people,
// and makes codes of S3 out of a status alone, so that a page which says 404 becomes a bucket that is not there.
type strict struct {
	http.RoundTripper

	most int64 // that is read of a document
}

// RoundTrip implements http.RoundTripper.
func (s strict) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(req)
	if err != nil || req.Method == http.MethodHead {
		return resp, err // as the transport's own
	}
	root := rootElement(req.Method, req.URL.Query())
	if root != "" || resp.StatusCode >= http.StatusMultipleChoices { // which the client holds in memory whole
		resp.Body = bounded.Body(resp.Body, s.most)
	}
	switch {
	case resp.StatusCode >= http.StatusMultipleChoices:
		if root != locationElement { // for which the client knows what a status alone means
			err = keepToWords(resp)
		}
	case root != "":
		resp.Body = &document{ReadCloser: resp.Body, root: root}
	}
	return resp, err // as the body's own
}

// page is the most that is read of a document: a thousand keys of the longest names take half of it.
const page = 8 << 20

const (
	listingElement  = "ListBucketResult"
	bucketsElement  = "ListAllMyBucketsResult"
	completeElement = "CompleteMultipartUploadResult"
	locationElement = "LocationConstraint"
	errorElement    = "Error"
)

// rootElement is that of the document which answers a request; empty: what answers it is not a document of S3's.
func rootElement(method string, query url.Values) string {
	get, post := method == http.MethodGet, method == http.MethodPost
	switch {
	case get && query.Has("list-type"):
		return listingElement
	case get && query.Has("location"):
		return locationElement
	case get && query.Has("uploads"):
		return "ListMultipartUploadsResult"
	case get && query.Has("uploadId"):
		return "ListPartsResult"
	case get && query.Has("versions"):
		return "ListVersionsResult"
	case get && query.Has("versioning"):
		return "VersioningConfiguration"
	case get && query.Has("object-lock"):
		return "ObjectLockConfiguration"
	case post && query.Has("uploads"):
		return "InitiateMultipartUploadResult"
	case post && query.Has("uploadId"):
		return completeElement
	}
	return ""
}

// foreignError says that an answer is not what S3 answers to such a request.
type foreignError struct{ got, want string }

func (e *foreignError) Error() string {
	return fmt.Sprintf("the answer is a %q, not a %q", e.got, e.want)
}

// document is a body that cannot be read unless it is XML with a certain root element.
type document struct {
	io.ReadCloser

	root   string
	opened io.Reader // nil: not yet
	err    error
}

func (d *document) Read(p []byte) (int, error) {
	if d.opened == nil && d.err == nil {
		d.open()
	}
	if d.err != nil {
		return 0, d.err
	}
	return d.opened.Read(p) // io.EOF must stay what it is
}

// open reads as far as the root element. An upload may fail after its answer has begun, and then says so in place of the answer.
func (d *document) open() {
	var seen bytes.Buffer
	name, err := rootOf(io.TeeReader(d.ReadCloser, &seen))
	switch {
	case err != nil:
		d.err = err
	case name != d.root && (d.root != completeElement || name != errorElement):
		d.err = &foreignError{got: name, want: d.root}
	}
	d.opened = io.MultiReader(&seen, d.ReadCloser)
}

// rootOf returns the name of a document's root element.
func rootOf(content io.Reader) (string, error) {
	decoder := xml.NewDecoder(content)
	for {
		token, err := decoder.Token()
		if err != nil {
			return "", err // as the decoder's own: it tells what is no XML from what could not be read
		}
		if element, ok := token.(xml.StartElement); ok {
			return element.Name.Local, nil
		}
	}
}

// keepToWords leaves an error of S3 as it is, and makes one without a code of anything else, with its words.
func keepToWords(resp *http.Response) error {
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return fmt.Errorf("reading the refusal: %w", err)
	}
	if name, err := rootOf(bytes.NewReader(body)); err != nil || name != errorElement {
		var document bytes.Buffer
		document.WriteString("<Error><Message>")
		_ = xml.EscapeText(&document, []byte(words(string(body)))) // a buffer takes everything
		document.WriteString("</Message></Error>")
		body = document.Bytes()
	}
	resp.Body = &answer{ReadCloser: resp.Body, content: bytes.NewReader(body)}
	return nil
}

// answer is a body whose content was read already.
type answer struct {
	io.ReadCloser

	content io.Reader
}

func (a *answer) Read(p []byte) (int, error) { return a.content.Read(p) } // io.EOF must stay what it is

var title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// words are what a text says to people: the title of a page.
func words(text string) string {
	text = strings.TrimSpace(text)
	if found := title.FindStringSubmatch(text); found != nil {
		return html.UnescapeString(found[1])
	}
	if strings.HasPrefix(text, "<") {
		return ""
	}
	return text
}
