package s3

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// namespace is the XML namespace of S3's documents.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// writeXML answers 200 with a document.
func writeXML(w http.ResponseWriter, document any) error {
	return writeXMLStatus(w, http.StatusOK, document)
}

// writeXMLStatus answers with a status and a document.
func writeXMLStatus(w http.ResponseWriter, status int, document any) error {
	body, _ := documents.Get().(*bytes.Buffer)
	defer documents.Put(body)
	body.Reset()
	body.WriteString(xml.Header)
	if err := xml.NewEncoder(body).Encode(document); err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client may be gone
	return nil
}

// documents are buffers for answers; the longest is a list of a thousand keys.
var documents = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// readXML reads a document that a client sent; root is the name of its element. What is not it is MalformedXML.
func readXML(document []byte, root string, into any) error {
	var named struct{ XMLName xml.Name }
	if xml.Unmarshal(document, &named) != nil || named.XMLName.Local != root || xml.Unmarshal(document, into) != nil {
		return malformedXML()
	}
	return nil
}

// malformedXML refuses a document that is not what S3's schema says.
func malformedXML() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

// isPlain says that a text is the same in a document.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// quotes are left as they are in text by S3, and clients look for them in messages.
var quotes = strings.NewReplacer("&#34;", `"`, "&#39;", "'")

// appendElement adds an element with a text to a document that is put together by hand, because reflection takes too
// long over a thousand of the same.
func appendElement(out []byte, name, text string) []byte {
	out = append(append(append(out, '<'), name...), '>')
	out = appendEscaped(out, text)
	return append(append(append(out, "</"...), name...), '>')
}

func appendEscaped(out []byte, text string) []byte {
	if isPlain(text) {
		return append(out, text...)
	}
	var buf strings.Builder
	_ = xml.EscapeText(&buf, []byte(text)) // a strings.Builder does not fail
	return append(out, quotes.Replace(buf.String())...)
}

// timeFormat is how S3 writes times in its documents.
const timeFormat = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }
